/* Any bytes as a configuration file, and as the small values in one. */
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/values.h"

static void check(bool good)
{
	if (!good)
		abort();
}

static void values(const char *text, size_t length)
{
	char slug[DOOR_ID_MAX + 1], printed[CONFIG_DURATION_TEXT_MAX];
	char terminated[256];
	int64_t ms, again;

	if (config_duration_parse(text, length, &ms) == 0) {
		config_duration_print(ms, printed);
		check(ms >= 0 && config_duration_parse(printed, strlen(printed), &again) == 0 && again == ms);
	}
	if (length >= sizeof(terminated))
		return;
	memcpy(terminated, text, length);
	terminated[length] = '\0';
	check(config_gpio_number(terminated) < 0 || config_gpio_mistaken(terminated) < 0);
	config_slug(terminated, slug, sizeof(slug));
	check(config_set_holds("a-z0-9_", slug, strlen(slug)));
	check(config_distance(terminated, terminated) == 0 || length > 32);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length)
{
	static struct config_report report;
	struct config config;
	int error = config_parse((const char *)bytes, length, "/dev/null/fuzz.yaml", &config, &report);

	check(report.count <= CONFIG_PROBLEMS_MAX && report.count <= report.errors + report.warnings);
	check((error == 0) == (report.errors == 0));
	if (error == 0) {
		check(config.door_count >= 1 && config.door_count <= DOORS_MAX && config.mqtt.broker_count >= 1);
		check(!config.http.enabled || config.http.address != NULL);
		check((config.http.username == NULL) == (config.http.password == NULL));
		for (size_t i = 0; i < config.door_count; i++) {
			const struct config_door *door = &config.doors[i];
			check(config_set_holds("a-z0-9_-", door->id, strlen(door->id)) && door->name[0] != '\0');
			check(door->machine.lines[DOOR_LINE_TOGGLE] != door->machine.lines[DOOR_LINE_OPEN]);
			check(door->machine.lines[DOOR_LINE_OPEN] == door->machine.lines[DOOR_LINE_CLOSE]);
			check(door->machine.pulse_ms > 0 && door->machine.pulse_ms <= DOOR_PULSE_MAX_MS);
			check(door->machine.open_time_ms > 0 && door->machine.close_time_ms > 0);
			check(door->machine.auto_close_ms == 0 ||
					door->machine.warning_ms >= DOOR_AUTO_CLOSE_WARNING_MS);
			for (size_t j = 0; j < DOOR_LINES; j++)
				check(door->lines[j].present == door->machine.lines[j]);
			for (size_t j = 0; j < DOOR_SENSORS; j++)
				check(door->sensors[j].present == door->machine.sensors[j]);
		}
	} else {
		check(config.doors == NULL && config.strings == NULL);
	}
	config_free(&config);
	values((const char *)bytes, length);
	return 0;
}
