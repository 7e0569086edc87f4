/* Preloaded, it makes fsync and fdatasync of what lies below $FAILING_DISK fail with EIO, by files in $FAILING_FLAGS: all
   of them while "fails" is there; one of a file when "fails-once" is, of a folder when "fails-names" is, which then go. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fails(int fd) {
    const char *disk = getenv("FAILING_DISK"), *flags = getenv("FAILING_FLAGS");
    char link[64], path[4096], always[4096], once[4096];
    struct stat what;
    if (disk == NULL || flags == NULL)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = '\0';
    if (strncmp(path, disk, strlen(disk)) != 0)
        return 0;
    snprintf(always, sizeof always, "%s/fails", flags);
    if (fstat(fd, &what) != 0)
        return 0;
    snprintf(once, sizeof once, "%s/fails-%s", flags, S_ISDIR(what.st_mode) ? "names" : "once");
    return access(always, F_OK) == 0 || unlink(once) == 0;
}

int fsync(int fd) {
    if (fails(fd)) {
        errno = EIO;
        return -1;
    }
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}

int fdatasync(int fd) {
    if (fails(fd)) {
        errno = EIO;
        return -1;
    }
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
