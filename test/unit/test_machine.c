/* What the kernel's two files say, also where they are cut, empty or of another form. */
#include "base/machine.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

#define HEAD                                                                                 \
	"Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE\n" \
	" face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22\n"

#define PATIENCE_MS 20000 /* for a thread that reads every ms */

static bool temperature(const char *text, int *celsius)
{
	return machine_read_temperature(text, strlen(text), celsius);
}

static bool wireless(const char *text, int *dbm)
{
	return machine_read_wireless(text, strlen(text), dbm);
}

static void test_temperature(void)
{
	static const char *const wrong[] = {"", "\n", "x", "12345x\n", "200001\n", "-60001\n", "9999999999999999999\n"};
	int celsius = 7;
	tap_case("a temperature is rounded to degrees");
	CHECK(temperature("48312\n", &celsius) && celsius == 48);
	CHECK(temperature("48500", &celsius) && celsius == 49);
	CHECK(temperature("-500\n", &celsius) && celsius == -1);
	tap_case("what is no temperature of a machine is none");
	celsius = 7;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK(!temperature(wrong[i], &celsius));
	CHECK(celsius == 7);
}

static void test_wireless(void)
{
	static const char *const wrong[] = {"", HEAD, HEAD "wlan0",
			HEAD " wlan0: ", HEAD " wlan0: 0000   54.  56.  -256\n",
			HEAD " wlan0: 0000   54.  -131.  -256\n", " wlan0: 0000   54.  -56.  -256\n"};
	int dbm = 7;
	tap_case("the level of the first interface that has one");
	CHECK(wireless(HEAD " wlan0: 0000   54.  -56.  -256        0      0      0      0      0        0\n", &dbm));
	CHECK(dbm == -56);
	CHECK(wireless(HEAD " wlan1: 0000    0    0    0\n wlan0: 0000   40  -70  -256  0\n", &dbm) && dbm == -70);
	tap_case("what is no such table says nothing");
	dbm = 7;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK(!wireless(wrong[i], &dbm));
	CHECK(dbm == 7);
}

static void test_files(void)
{
	char path[] = "/tmp/portcullis-machine-XXXXXX";
	int celsius = 0, dbm;
	tap_case("a file is read at the start and then again and again, and one that is not there is no figure");
	struct machine machine;
	machine_open(&machine);
	CHECK(!machine_temperature(&machine, &celsius) && !machine_wireless(&machine, &dbm));
	machine_close(&machine);
	machine.thermal_fd = mkstemp(path);
	CHECK(machine.thermal_fd >= 0 && unlink(path) == 0);
	CHECK(pwrite(machine.thermal_fd, "41000\n", 6, 0) == 6);
	machine_start(&machine, 1);
	CHECK(machine_temperature(&machine, &celsius) && celsius == 41 && !machine_wireless(&machine, &dbm));
	CHECK(pwrite(machine.thermal_fd, "52000\n", 6, 0) == 6);
	for (int i = 0; i < PATIENCE_MS && machine_temperature(&machine, &celsius) && celsius == 41; i++)
		poll(NULL, 0, 1);
	CHECK(celsius == 52);
	CHECK(ftruncate(machine.thermal_fd, 0) == 0);
	for (int i = 0; i < PATIENCE_MS && machine_temperature(&machine, &celsius); i++)
		poll(NULL, 0, 1);
	CHECK(!machine_temperature(&machine, &celsius));
	machine_close(&machine);
	CHECK(machine.thermal_fd == -1 && !machine_temperature(&machine, &celsius));
	machine_close(&machine);

	tap_case("without either file there is no thread");
	machine_start(&machine, 1);
	CHECK(!machine.stop.open && !machine_temperature(&machine, &celsius) && !machine_wireless(&machine, &dbm));
	machine_close(&machine);
}

int main(void)
{
	test_temperature();
	test_wireless();
	test_files();
	return tap_done();
}
