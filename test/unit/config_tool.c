/* For scripts/key-files and test_config_schema.py: "keys" prints the table, "new NAME" a new configuration,
 * "check FILE..." what is said of files. Status 1: one was refused.
 */
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int main(int count, char **arguments)
{
	static struct config_report report;
	struct config config;
	int status = 0;

	if (count == 2 && strcmp(arguments[1], "keys") == 0) {
		config_print_keys(stdout);
		return 0;
	}
	if (count == 3 && strcmp(arguments[1], "new") == 0)
		return config_print_new(arguments[2], stdout) < 0;
	if (count < 3 || strcmp(arguments[1], "check") != 0) {
		fprintf(stderr, "usage: config_tool keys | new NAME | check FILE...\n");
		return 2;
	}
	for (int i = 2; i < count; i++) {
		status |= config_load(arguments[i], CONFIG_SECRETS_NEEDED, &config, &report) != 0;
		config_report_print(&report, stdout);
		config_free(&config);
	}
	return status;
}
