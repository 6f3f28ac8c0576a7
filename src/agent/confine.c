/*
 * A list of folders: what is read after the start, and where the history is written. A folder is named both as the
 * configuration says and where its links lead.
 */
#include "agent/confine.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sandbox.h"
#include "tls/tls.h"

#define FOLDERS_MAX 40
#define FOLDER_BYTES 256

struct folders {
	struct sandbox_folder list[FOLDERS_MAX];
	char paths[FOLDERS_MAX][FOLDER_BYTES];
	size_t count;
};

static void add_folder(struct folders *folders, const char *path, bool write)
{
	char real[PATH_MAX];
	bool root = realpath(path, real) &&
		    strcmp(real, "/") == 0; /* also "." there, and "//": it would be everything */
	if (folders->count == FOLDERS_MAX || root)
		return;
	char *copy = folders->paths[folders->count];
	snprintf(copy, FOLDER_BYTES, "%s", path);
	folders->list[folders->count++] = (struct sandbox_folder){.path = copy, .write = write};
}

/*
 * Renewed certificates come as new files, and often a link then leads elsewhere: beside what it led to before, as
 * certbot, acmetool and Kubernetes have it. So below the innermost folder that the file is in both as named and in
 * truth; where that would be the root, below those two.
 */
static void add_folder_of(struct folders *folders, const char *file)
{
	char path[PATH_MAX], real[PATH_MAX];
	size_t shared = 0;
	if (!file)
		return;
	snprintf(path, sizeof(path), "%s", file);
	if (realpath(file, real) && strcmp(real, path) != 0) {
		for (size_t i = 0; path[i] && path[i] == real[i]; i++)
			if (path[i] == '/')
				shared = i;
		if (shared > 0)
			path[shared + 1] = '\0';
		else
			add_folder(folders, dirname(real), false);
	}
	add_folder(folders, shared > 0 ? path : dirname(path), false);
}

/*
 * Where the history's directory cannot be used yet it may be made later, or a disk be mounted there or above: then it is
 * below the folders that are there now, the innermost and the one around it. What is written in these is still bounded by
 * what the agent's user may; so root gets nothing more, and has to start again.
 */
static void add_history(struct folders *folders, const char *directory)
{
	char path[PATH_MAX];
	add_folder(folders, directory, true);
	if (access(directory, W_OK | X_OK) == 0 || geteuid() == 0)
		return;
	snprintf(path, sizeof(path), "%s", directory);
	char *around = dirname(path);
	while (access(around, F_OK) < 0 && around[1]) /* "/" and "." end it */
		around = dirname(around);
	add_folder(folders, around, true);
	add_folder(folders, dirname(around), true);
}

/*
 * What is read after the start: name services, whose files are replaced when the network changes (/etc, /run), our own
 * figures (/proc/self), trust and certificates when they are renewed, the configuration and its secrets when they are
 * read again. Some systems keep the first and the CAs elsewhere, and links in /etc (openSUSE, NixOS, OpenWrt).
 */
int confine_agent(const struct log *log, const struct config *config, const char *path, bool listens_later)
{
	static const char *const read[] = {
			"/etc", "/run", "/proc/self", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates"};
	const struct config_tls *tls[] = {&config->mqtt.tls, &config->http.tls};
	struct folders folders = {.count = 0};
	for (size_t i = 0; i < sizeof(read) / sizeof(read[0]); i++)
		add_folder(&folders, read[i], false);
	add_folder_of(&folders, "/etc/hosts");
	add_folder_of(&folders, "/etc/resolv.conf");
	add_folder_of(&folders, tls_system_bundle());
	for (size_t i = 0; i < sizeof(tls) / sizeof(tls[0]); i++) {
		add_folder_of(&folders, tls[i]->ca_file);
		add_folder_of(&folders, tls[i]->certificate_file);
		add_folder_of(&folders, tls[i]->key_file);
		add_folder_of(&folders, tls[i]->key_password_file);
	}
	add_folder_of(&folders, path);
	for (size_t i = 0; i < config->secret_file_count; i++)
		add_folder_of(&folders, config->secret_files[i]);
	if (config->history.directory)
		add_history(&folders, config->history.directory);
	if (listens_later)
		return sandbox_enter_listening(log, folders.list, folders.count, config->http.port);
	return sandbox_enter(log, folders.list, folders.count);
}
