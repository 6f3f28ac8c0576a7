/* Any bytes as the configuration of another program: what is taken is a configuration, line by line what was written. */
#include <stdlib.h>
#include <string.h>

#include "import/import.h"

static void check(bool good)
{
	if (!good)
		abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length)
{
	static struct config_report report, again;
	struct config config;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	check(out != NULL);
	int error = import_parse((const char *)bytes, length, "fuzz", out, &report);
	fclose(out);
	check((error == 0) == (report.errors == 0) && (error == 0) == (size > 0));
	for (size_t i = 0; i < report.count; i++)
		check(report.problems[i].text[0] != '\0');
	if (error == 0)
		check(config_parse(text, size, "fuzz", &config, &again) == 0);
	if (error == 0)
		config_free(&config);
	free(text);
	return 0;
}
