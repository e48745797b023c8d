/* Loaded before the C library: the n-th call that changes a file below a folder fails, or ends the process.
   The test says which and how in a shared page: how many calls are still to come, how often one was hit, and the
   error number; 0 instead of one is SIGKILL. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

static volatile struct { long to_come, hits, error; } *control;
static const char *folder;

__attribute__((constructor)) static void begin(void) {
    folder = getenv("FAULTS_FOLDER");
    int fd = folder ? open(getenv("FAULTS_CONTROL"), O_RDWR) : -1;
    void *page = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    control = page == MAP_FAILED ? NULL : page;
}

static int hit(const char *path) {
    if (!control || control->to_come <= 0 || strncmp(path, folder, strlen(folder)) != 0) return 0;
    if (__sync_sub_and_fetch(&control->to_come, 1) != 0) return 0;
    control->hits++;
    if (control->error == 0) kill(getpid(), SIGKILL);
    errno = (int)control->error;
    return 1;
}

static int hit_file(int fd) {
    char link[64], path[4096];
    if (!control || control->to_come <= 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return hit(path);
}

#define THE_REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *from, size_t count) {
    return hit_file(fd) ? -1 : THE_REAL(write)(fd, from, count);
}
ssize_t pwrite(int fd, const void *from, size_t count, off_t at) {
    return hit_file(fd) ? -1 : THE_REAL(pwrite)(fd, from, count, at);
}
ssize_t pwrite64(int fd, const void *from, size_t count, off64_t at) {
    return hit_file(fd) ? -1 : THE_REAL(pwrite64)(fd, from, count, at);
}
int fsync(int fd) { return hit_file(fd) ? -1 : THE_REAL(fsync)(fd); }
int fdatasync(int fd) { return hit_file(fd) ? -1 : THE_REAL(fdatasync)(fd); }
int ftruncate(int fd, off_t length) { return hit_file(fd) ? -1 : THE_REAL(ftruncate)(fd, length); }
int ftruncate64(int fd, off64_t length) { return hit_file(fd) ? -1 : THE_REAL(ftruncate64)(fd, length); }
int rename(const char *from, const char *to) { return hit(to) ? -1 : THE_REAL(rename)(from, to); }
int unlink(const char *path) {  /* a full disk still forgets */
    return control && control->error != ENOSPC && hit(path) ? -1 : THE_REAL(unlink)(path);
}
