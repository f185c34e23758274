/* Runs litmus programs: each thread is a thread of the simulation that
 * interprets its code, so that the models, the scheduler and the searches are
 * those of every other case.
 */
#include "litmus/litmus.h"

#include <stdlib.h>
#include <string.h>

#include "memory/access.h"
#include "memory/weak.h"
#include "search/search.h"

enum { SPACING = 64 };

static const struct litmus *test;
static char *memory;
static int32_t registers[MAX_PROGRAMS][MAX_REGISTERS];
static unsigned at[MAX_PROGRAMS];

static uintptr_t address_of(int cell)
{
	return (uintptr_t)memory + SPACING * cell;
}

static void update(const struct instruction *i, int32_t *reg)
{
	bool stored;
	struct update u = { .kind = i->rmw, .fail = i->fail, .weak = i->weak };
	u.operand = (uint32_t)litmus_value(test, i->value, reg);
	if (i->expected >= 0)
		u.expected = (uint32_t)litmus_value(test, i->expected, reg);
	reg[i->reg] = access_rmw(address_of(i->cell), 4, &u, i->order, &stored, NULL);
}

static void interpret(void *arg, struct slot *unused)
{
	unsigned t = sim.cur;
	const struct program *p = &test->program[t];
	int32_t *reg = registers[t];
	(void)arg;
	(void)unused;
	for (at[t] = 0; at[t] < p->length; at[t]++) {
		const struct instruction *i = &p->code[at[t]];
		switch (i->kind) {
		case LET:
			reg[i->reg] = litmus_value(test, i->value, reg);
			break;
		case JUMP_ZERO:
			if (litmus_value(test, i->value, reg) == 0)
				at[t] = i->target - 1;
			break;
		case JUMP:
			at[t] = i->target - 1;
			break;
		case LOAD:
			reg[i->reg] = access_load(address_of(i->cell), 4, i->order, NULL);
			break;
		case STORE:
			access_store(address_of(i->cell), 4,
				     (uint32_t)litmus_value(test, i->value, reg), i->order, NULL);
			break;
		case UPDATE:
			update(i, reg);
			break;
		case BARRIER:
			access_fence(i->order, NULL);
			break;
		}
	}
}

static struct location *location(unsigned cell)
{
	uintptr_t a = address_of(cell);
	return location_of(granule_of(a), a, 4);
}

static void run_once(void)
{
	static struct slot slots[MAX_PROGRAMS];
	sim_begin();
	shadow_begin();
	model->begin();
	memset(registers, 0, sizeof registers);
	for (unsigned c = 0; c < test->cells; c++) {
		memory_put(address_of(c), 4, test->cell[c].initial);
		location(c);
	}
	for (unsigned t = 0; t < test->programs; t++)
		sim_thread(NULL, NULL, &slots[t])->act = interpret;
	sim_run();
}

void litmus_sign(struct signature *s)
{
	struct location *all[MAX_CELLS];
	s->used = 0;
	for (unsigned t = 0; t < test->programs; t++) {
		sign(s, at[t] | sim.thread[t].state << 16);
		for (unsigned r = 0; r < test->program[t].registers; r++)
			sign(s, (uint32_t)registers[t][r]);
	}
	for (unsigned c = 0; c < test->cells; c++) {
		all[c] = location(c);
		sign(s, memory_get(all[c]->address, 4));
	}
	if (model->sign)
		model->sign(s, all, test->cells);
}

/* --- final states --- */

static int32_t value_of(const struct observed *o)
{
	if (o->thread >= 0)
		return registers[o->thread][o->reg];
	const struct cell_name *c = &test->cell[o->reg];
	if (c->shared || c->thread < 0)
		return memory_get(address_of(o->reg), 4);
	return registers[c->thread][c->reg];
}

static void keep(struct states *s)
{
	unsigned n = test->shown;
	if (s->n == s->room) {
		s->room = s->room ? 2 * s->room : 64;
		s->value = realloc(s->value, sizeof *s->value * s->room * (n ? n : 1));
		if (!s->value)
			engine_error("no memory for %u final states", s->room);
	}
	int32_t *row = s->value + (size_t)s->n * n;
	for (unsigned i = 0; i < n; i++)
		row[i] = value_of(&test->observed[i]);
	for (unsigned i = 0; i < s->n; i++)
		if (memcmp(s->value + (size_t)i * n, row, n * sizeof *row) == 0)
			return;
	s->n++;
}

void litmus_run(const struct litmus *t, const struct search *how, uint64_t most, struct states *s)
{
	static bool set_up;
	test = t;
	if (!set_up) {
		sim_setup();
		memory = aligned_alloc(SPACING, SPACING * MAX_CELLS);
		if (!memory)
			engine_error("no memory for the test's locations");
		set_up = true;
	}
	search = how;
	weak_every_choice = true;
	sim.cuts = 0;
	*s = (struct states){ .value = s->value, .room = 0 };
	free(s->value);
	s->value = NULL;
	uint64_t n = 0;
	do {
		search->begin(n++);
		run_once();
		if (sim.stop == STOP_QUIET || sim.stop == STOP_NONE) {
			s->executions++;
			keep(s);
		} else if (sim.stop != STOP_REDUNDANT) {
			s->stuck++;
		}
	} while (search->next() && (!most || n < most));
	s->whole = (!most || n < most) && sim.cuts == 0;
}
