/* SPDX-License-Identifier: Apache-2.0
 *
 * json-get PATH... <JSON: print the value at each PATH, one a line, for shell
 * tests.  "layers.0.name" goes through objects by key and arrays by index;
 * "#" is the number of elements.  Fails when the input is no JSON or has no
 * such place.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static int
print(const json_t *j)
{
	if (json_is_string(j))
		puts(json_string_value(j));
	else if (json_dumpf(j, stdout, JSON_ENCODE_ANY | JSON_COMPACT |
	    JSON_REAL_PRECISION(9)) < 0)
		return 0;
	else
		putchar('\n');
	return 1;
}

static int
get(const json_t *j, char *path)
{
	char *s;

	for (s = strtok(path, "."); s && j; s = strtok(NULL, ".")) {
		if (!strcmp(s, "#"))
			return printf("%zu\n", json_is_array(j) ?
			    json_array_size(j) : json_object_size(j)) > 0;
		j = json_is_array(j) ?
		    json_array_get(j, strtoul(s, NULL, 10)) :
		    json_object_get(j, s);
	}
	return j && print(j);
}

int
main(int argc, char **argv)
{
	json_error_t err;
	json_t *j = json_loadf(stdin, 0, &err);
	int ok = j != NULL;

	if (!j)
		fprintf(stderr, "json-get: line %d: %s\n", err.line, err.text);
	for (int i = 1; ok && i < argc; i++) {
		char *path = strdup(argv[i]);

		ok = path && get(j, path);
		free(path);
		if (!ok)
			fprintf(stderr, "json-get: no %s\n", argv[i]);
	}
	json_decref(j);
	return !ok;
}
