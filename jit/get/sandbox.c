/* SPDX-License-Identifier: Apache-2.0
 *
 * Landlock and seccomp by their system calls: there is nothing else to link.
 * The filter lists what is refused, since what assembler, linker and libc call
 * differs from one system to the next.
 */
#include "jit/get/sandbox.h"

#include "ir/base.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_MEMORY ((rlim_t)8 << 30)
#define MAX_FILE ((rlim_t)1 << 30)
#define MAX_FILES 1024

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SANITIZED 1             /* much address space; LSan traces */
#else
#define SANITIZED 0
#endif

/* ---- limits ----------------------------------------------------------- */

static int
limit(int what, rlim_t most)
{
	struct rlimit r;

	if (getrlimit((__rlimit_resource_t)what, &r) < 0)
		return -1;
	if (r.rlim_cur > most)
		r.rlim_cur = most;
	if (r.rlim_max > most)
		r.rlim_max = most;
	return setrlimit((__rlimit_resource_t)what, &r);
}

static int
set_limits(void)
{
	int rc = limit(RLIMIT_CORE, 0) | limit(RLIMIT_FSIZE, MAX_FILE) |
	    limit(RLIMIT_NOFILE, MAX_FILES);

	return SANITIZED ? rc : rc | limit(RLIMIT_AS, MAX_MEMORY);
}

void
brn_sandbox_allow(int seconds)
{
	struct rusage u;
	struct rlimit r;

	if (getrusage(RUSAGE_SELF, &u) < 0 || getrlimit(RLIMIT_CPU, &r) < 0)
		return;
	r.rlim_cur = (rlim_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec + seconds);
	if (r.rlim_cur > r.rlim_max)
		r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_CPU, &r);
}

/* ---- Landlock --------------------------------------------------------- */

#ifdef __NR_landlock_create_ruleset

/* As in linux/landlock.h, which older systems have without the newer part.  */
#define WRITE_FILE ((uint64_t)1 << 1)
#define REMOVE_AND_MAKE ((uint64_t)0x1ff << 4)
#define REFER ((uint64_t)1 << 13)
#define TRUNCATE ((uint64_t)1 << 14)
#define TCP ((uint64_t)3)
#define SIGNALS_AND_SOCKETS ((uint64_t)3)
#define RULE_PATH_BENEATH 1
#define ASK_VERSION 1u

struct ruleset {
	uint64_t fs, net, scoped;
};

struct path_beneath {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

/* All that the kernel knows of it; older kernels take a shorter struct.  */
static int
make_ruleset(struct ruleset *r)
{
	long abi = syscall(__NR_landlock_create_ruleset, NULL, 0, ASK_VERSION);
	size_t size = offsetof(struct ruleset, net);

	*r = (struct ruleset){ .fs = WRITE_FILE | REMOVE_AND_MAKE };
	if (abi >= 2)
		r->fs |= REFER;
	if (abi >= 3)
		r->fs |= TRUNCATE;
	if (abi >= 4) {
		r->net = TCP;
		size = offsetof(struct ruleset, scoped);
	}
	if (abi >= 6) {
		r->scoped = SIGNALS_AND_SOCKETS;
		size = sizeof *r;
	}
	return abi < 1 ? -1 :
	    (int)syscall(__NR_landlock_create_ruleset, r, size, 0u);
}

static int
allow(int ruleset, int fd, uint64_t what)
{
	struct path_beneath p = { what, fd };

	return (int)syscall(__NR_landlock_add_rule, ruleset, RULE_PATH_BENEATH,
	    &p, 0u);
}

static int
restrict_files(int dir)
{
	struct ruleset r;
	int set = make_ruleset(&r), null, rc;

	if (set < 0)
		return -1;
	null = open("/dev/null", O_PATH | O_CLOEXEC);
	rc = allow(set, dir, r.fs);
	if (null >= 0)
		rc |= allow(set, null, r.fs & (WRITE_FILE | TRUNCATE));
	if (rc == 0)
		rc = (int)syscall(__NR_landlock_restrict_self, set, 0u);
	if (null >= 0)
		close(null);
	close(set);
	return rc;
}

#else

static int
restrict_files(int dir)
{
	(void)dir;
	return -1;
}

#endif

/* ---- seccomp ---------------------------------------------------------- */

#if defined __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#define FIRST_FOREIGN 0x40000000        /* x32 */
#elif defined __aarch64__
#define ARCH AUDIT_ARCH_AARCH64
#define FIRST_FOREIGN 0x40000000
#endif

#ifdef ARCH

static const int refused[] = {
	__NR_socket, __NR_socketpair, __NR_connect, __NR_bind, __NR_listen,
	__NR_accept, __NR_accept4,
#if !SANITIZED
	__NR_ptrace,
#endif
	__NR_process_vm_readv, __NR_process_vm_writev, __NR_kcmp,
	__NR_mount, __NR_umount2, __NR_pivot_root, __NR_chroot, __NR_setns,
	__NR_unshare, __NR_swapon, __NR_swapoff, __NR_reboot, __NR_acct,
	__NR_init_module, __NR_finit_module, __NR_delete_module,
	__NR_kexec_load, __NR_bpf, __NR_perf_event_open, __NR_userfaultfd,
	__NR_keyctl, __NR_add_key, __NR_request_key, __NR_quotactl,
	__NR_open_by_handle_at, __NR_settimeofday, __NR_clock_settime,
	__NR_adjtimex, __NR_clock_adjtime, __NR_fanotify_init,
	__NR_move_pages, __NR_migrate_pages, __NR_io_setup,
#ifdef __NR_kexec_file_load
	__NR_kexec_file_load,
#endif
#ifdef __NR_iopl
	__NR_iopl, __NR_ioperm,
#endif
#ifdef __NR_io_uring_setup
	__NR_io_uring_setup,
#endif
#ifdef __NR_pidfd_getfd
	__NR_pidfd_getfd,
#endif
#ifdef __NR_fsopen
	__NR_open_tree, __NR_move_mount, __NR_fsopen, __NR_fsconfig,
	__NR_fsmount, __NR_fspick,
#endif
#ifdef __NR_mount_setattr
	__NR_mount_setattr,
#endif
};

#define STATEMENT(code, k) (struct sock_filter){ code, 0, 0, k }
#define JUMP(code, k, t, f) (struct sock_filter){ code, t, f, k }
#define LOAD(member) STATEMENT(BPF_LD | BPF_W | BPF_ABS, \
    (uint32_t)offsetof(struct seccomp_data, member))
#define REFUSE STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

static int
filter_calls(void)
{
	struct sock_filter f[2 * BRN_COUNT(refused) + 8];
	struct sock_fprog prog = { 0, f };
	unsigned short n = 0;

	f[n++] = LOAD(arch);
	f[n++] = JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	f[n++] = REFUSE;
	f[n++] = LOAD(nr);
	f[n++] = JUMP(BPF_JMP | BPF_JGE | BPF_K, FIRST_FOREIGN, 0, 1);
	f[n++] = REFUSE;
	for (int i = 0; i < BRN_COUNT(refused); i++) {
		f[n++] = JUMP(BPF_JMP | BPF_JEQ | BPF_K,
		    (uint32_t)refused[i], 0, 1);
		f[n++] = REFUSE;
	}
	f[n++] = STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	prog.len = n;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

#else

static int
filter_calls(void)
{
	return -1;
}

#endif

int
brn_sandbox_enter(int dir)
{
	int rc = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);

	rc |= set_limits();
	rc |= restrict_files(dir);
	rc |= filter_calls();
	return rc == 0;
}
