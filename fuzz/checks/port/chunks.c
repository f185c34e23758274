/* Numbers of two chunks, the higher asked for first, and none of the lowest:
 * each keeps what was written there, and all that was mapped is given back. */
#include "base/threads.h"
#include "checks/must.h"
#include "port/port.h"
#include "world.h"

struct state {
	struct port port;
};

static void user(void *state, struct slot *me)
{
	static const int fds[] = { 3 * PORT_CHUNK, 2 * PORT_CHUNK - 1, PORT_CHUNK,
				   3 * PORT_CHUNK + 1 };
	enum { FDS = sizeof fds / sizeof *fds };
	struct port *port = &((struct state *)state)->port;
	unsigned regions = world_regions();
	port_numbers_start(port);
	for (unsigned i = 0; i < FDS; i++)
		port_number(port, fds[i])->serial = i + 1;
	for (unsigned i = 0; i < FDS; i++)
		must(port_number(port, fds[i])->serial == i + 1, "a number is another one's");
	must(world_regions() == regions + 3, "more chunks were made, or fewer");
	port_numbers_stop(port);
	must(world_regions() == regions, "a chunk was not given back");
	came_through(me);
}

CASE(chunks,
     .purpose = "numbers of several chunks, the highest first",
     .whole = true,
     .state_size = sizeof(struct state),
     .actor = { { "user", user } },
     .prepare = prepare_nothing, .judge = judge_end, CHECK_OUTCOMES);
