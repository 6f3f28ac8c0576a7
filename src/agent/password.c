/*
 * --hash-password and --set-password. A password file is replaced in one step by a new one beside it: the agent, which may
 * read it at any time, finds the old password or the new one. The new file has its owner, group and mode before it has
 * the password.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/ask.h"
#include "base/read.h"
#include "tls/password.h"

#define PAGE_PASSWORD_MAX 200 /* with a user name it fits into the header that browsers send */
#define GROUP "gpio"          /* of the GPIO chips, and so of the agent: deb/sysusers.conf */

static int hash_typed(const char *password, size_t length, char hash[static TLS_PASSWORD_HASH_MAX])
{
	int error = tls_password_hash(password, length, hash);
	if (error < 0)
		fprintf(stderr, "portcullis: the password cannot be hashed: %s\n", strerror(-error));
	return error;
}

int agent_hash_password(FILE *out)
{
	char password[PAGE_PASSWORD_MAX + 1], hash[TLS_PASSWORD_HASH_MAX];
	ssize_t length = ask_password("Password: ", password, sizeof(password));
	if (length < 0) {
		fprintf(stderr, "portcullis: expected a password of 1 to %d bytes on standard input\n",
				PAGE_PASSWORD_MAX);
		return -EINVAL;
	}
	int error = hash_typed(password, (size_t)length, hash);
	explicit_bzero(password, sizeof(password));
	if (error == 0 && (fprintf(out, "%s\n", hash) < 0 || fflush(out) != 0))
		error = -EIO;
	return error;
}

/* Asks, on a terminal twice. The length; or -errno, which is told. */
static ssize_t ask_twice(const char *prompt, char *password, size_t size)
{
	char again[CONFIG_SECRET_MAX + 1];
	ssize_t length = ask_password(prompt, password, size), second;
	if (length > 0 && isatty(STDIN_FILENO)) {
		second = ask_password("The same again: ", again, sizeof(again));
		if (second >= 0 && (second != length || memcmp(password, again, (size_t)length) != 0)) {
			fputs("portcullis: the two are not the same; nothing was changed\n", stderr);
			length = -EBADMSG;
		} else if (second < 0) {
			length = second;
		}
		explicit_bzero(again, sizeof(again));
	}
	if (length > 0 && !config_is_secret(password, (size_t)length))
		length = -E2BIG;
	if (length == -EINTR)
		fputs("portcullis: interrupted; nothing was changed\n", stderr);
	else if (length < 0 && length != -EBADMSG)
		fprintf(stderr, "portcullis: expected a password of 1 to %zu bytes on one line, without control characters; nothing was changed\n",
				size - 1);
	if (length < 0)
		explicit_bzero(password, size);
	return length;
}

/* The group of the agent on this machine, or -1. The name service is not asked: a static program cannot. */
static gid_t find_group(void)
{
	gid_t gid = (gid_t)-1;
	FILE *file = fopen("/etc/group", "re");
	struct group *group;
	while (file && (group = fgetgrent(file)))
		if (strcmp(group->gr_name, GROUP) == 0)
			gid = group->gr_gid;
	if (file)
		fclose(file);
	return gid;
}

/* As the file was that is replaced; a new one is for its owner and the agent's group. */
static int set_rights(int fd, const char *path)
{
	struct stat old;
	if (stat(path, &old) == 0)
		return fchown(fd, old.st_uid, old.st_gid) < 0 || fchmod(fd, old.st_mode & 0770 & ~(mode_t)0110) < 0
				       ? -errno
				       : 0;
	gid_t group = find_group();
	if (group == (gid_t)-1 || fchown(fd, (uid_t)-1, group) < 0)
		return fchmod(fd, 0600) < 0 ? -errno : 0;
	return fchmod(fd, 0640) < 0 ? -errno : 0;
}

static int fill(int fd, const char *path, const char *secret)
{
	int error = set_rights(fd, path);
	if (error == 0)
		error = write_all(fd, secret, strlen(secret));
	if (error == 0)
		error = write_all(fd, "\n", 1);
	return error == 0 && fsync(fd) < 0 ? -errno : error;
}

/* So that the new file is there after the power has failed, too. */
static void sync_folder(char *path)
{
	char *slash = strrchr(path, '/');
	if (slash)
		slash[slash == path] = '\0';
	int fd = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

static int replace(const char *path, const char *secret)
{
	char real[PATH_MAX], made[PATH_MAX + sizeof(".XXXXXX")];
	if (!realpath(path, real)) /* not where a link stands: what it leads to */
		snprintf(real, sizeof(real), "%s", path);
	snprintf(made, sizeof(made), "%s.XXXXXX", real);
	int fd = mkostemp(made, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int error = fill(fd, real, secret);
	if (close(fd) < 0 && error == 0)
		error = -errno;
	if (error == 0 && rename(made, real) < 0)
		error = -errno;
	if (error < 0)
		unlink(made);
	else
		sync_folder(real);
	return error;
}

static void say_why(const char *path, int error)
{
	const char *advice = "";
	if (error == -EBUSY || error == -EROFS)
		advice = "; a container's file or folder may be set from outside of the container only";
	else if (error == -EACCES || error == -EPERM)
		advice = "; run it as root, or as whom the folder and the file belong to";
	fprintf(stderr, "portcullis: cannot write %s: %s%s; nothing was changed\n", path, strerror(-error), advice);
}

static int write_password(const char *path, const char *password, size_t length, bool page)
{
	char hash[TLS_PASSWORD_HASH_MAX];
	int error = page ? hash_typed(password, length, hash) : 0;
	if (error < 0)
		return error;
	error = replace(path, page ? hash : password);
	if (error < 0)
		say_why(path, error);
	return error;
}

/* Where a link leads, which is told, since who made it says so. False: nowhere, which is told, too. */
static bool follow_link(const char *path)
{
	char real[PATH_MAX];
	struct stat link;
	if (lstat(path, &link) < 0 || !S_ISLNK(link.st_mode))
		return true;
	bool leads = realpath(path, real);
	if (leads)
		fprintf(stderr, "portcullis: %s is a link: the password goes to %s\n", path, real);
	else
		fprintf(stderr, "portcullis: %s is a link that leads to no file; nothing was changed\n", path);
	return leads;
}

/* The file that the password goes to; NULL: there is none to write, which is told. */
static const char *find_file(const struct config *config, const char *config_path, bool page)
{
	struct stat there;
	const char *path = page ? config->http.password_file : config->mqtt.password_file;
	const char *section = page ? "http" : "mqtt";
	if (!path) {
		fprintf(stderr,
				"portcullis: %s names no file for this password. Write in its section %s:\n"
				"  username: NAME\n"
				"  password_file: /etc/portcullis/%s-password\n"
				"without a password: key, and run this again\n",
				config_path, section, page ? "page" : "mqtt");
		return NULL;
	}
	if (config_is_credential(path)) {
		fprintf(stderr, "portcullis: %s is made by systemd at the agent's start (LoadCredential=): write the file that the unit names there\n",
				path);
		return NULL;
	}
	if (stat(path, &there) == 0 && !S_ISREG(there.st_mode)) { /* a device would be gone for the whole machine */
		fprintf(stderr, "portcullis: %s is no regular file; nothing was changed\n", path);
		return NULL;
	}
	return follow_link(path) ? path : NULL;
}

int agent_set_password(const struct config *config, const char *config_path, bool page, FILE *out)
{
	char password[CONFIG_SECRET_MAX + 1];
	struct stat made;
	const char *path = find_file(config, config_path, page);
	if (!path)
		return -ENOENT;
	ssize_t length = ask_twice(page ? "New password of the page: " : "New password for the broker: ", password,
			page ? PAGE_PASSWORD_MAX + 1 : sizeof(password));
	if (length < 0)
		return length == -EINTR ? -EINTR : -EINVAL;
	int error = write_password(path, password, (size_t)length, page);
	explicit_bzero(password, sizeof(password));
	if (error < 0)
		return error;
	if (stat(path, &made) == 0 && !(made.st_mode & S_IRGRP))
		fprintf(out, "%s: written, for its owner alone to read, who must be the agent's user\n", path);
	else
		fprintf(out, "%s: written\n", path);
	fprintf(out, "The agent reads it at its start, and at a reload (SIGHUP, systemctl reload portcullis).\n");
	return fflush(out) != 0 ? -EIO : 0;
}
