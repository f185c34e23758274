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

/* --- data races, as rc11.cat has them: two threads, one of them writing, at
 * least one plainly, and happens-before orders neither way --- */

enum { WRITES = 1, ATOMICALLY = 2, WAYS = 4 };
static uint32_t touched[MAX_CELLS][WAYS][MAX_PROGRAMS]; /* the thread's own time */
static bool race;

/* t has accessed the cell so, at its own time `when`. */
static void touch(const struct thread *t, int cell, unsigned way, uint32_t when)
{
	for (unsigned other = 0; other < WAYS; other++) {
		if (!((way | other) & WRITES) || way & other & ATOMICALLY)
			continue;
		for (unsigned u = 0; u < test->programs; u++)
			race |= u != t->id && touched[cell][other][u] > t->clock.at[u];
	}
	touched[cell][way][t->id] = when;
}

/* Only C leaves races undefined. */
static bool races_matter(void)
{
	return test->plain && model->orders_fences;
}

static uintptr_t address_of(int cell)
{
	return (uintptr_t)memory + SPACING * cell;
}

static int cell_of(const struct instruction *i, const int32_t *reg)
{
	int64_t cell = (int64_t)litmus_value(test, i->address, reg) - POINTER;
	if (cell < 0 || cell >= (int)test->cells)
		engine_error("%s, line %u: an access through %d, which is no address", test->name,
			     i->line, (int)(cell + POINTER));
	return cell;
}

static bool update(const struct instruction *i, int32_t *reg, uintptr_t address)
{
	bool stored;
	struct update u = { .kind = i->rmw, .fail = i->fail, .weak = i->weak };
	u.operand = (uint32_t)litmus_value(test, i->value, reg);
	if (i->expected >= 0)
		u.expected = (uint32_t)litmus_value(test, i->expected, reg);
	reg[i->reg] = access_rmw(address, 4, &u, i->order, &stored, NULL);
	if (i->stored >= 0)
		reg[i->stored] = stored;
	return stored;
}

/* A LOAD, STORE or UPDATE. */
static void access(struct thread *t, const struct instruction *i, int32_t *reg)
{
	int cell = cell_of(i, reg);
	uintptr_t address = address_of(cell);
	uint32_t when = t->clock.at[t->id];
	bool writes = i->kind == STORE;
	if (i->kind == LOAD)
		reg[i->reg] = access_load(address, 4, i->order, NULL);
	else if (i->kind == STORE)
		access_store(address, 4, (uint32_t)litmus_value(test, i->value, reg), i->order,
			     NULL);
	else
		writes = update(i, reg, address);
	if (races_matter())
		touch(t, cell, (writes ? WRITES : 0) | (i->plain ? 0 : ATOMICALLY), when);
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
		case STORE:
		case UPDATE:
			access(&sim.thread[t], i, reg);
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
	memset(touched, 0, sizeof touched);
	for (unsigned c = 0; c < test->cells; c++) {
		memory_put(address_of(c), 4, test->cell[c].initial);
		location(c);
	}
	for (unsigned t = 0; t < test->programs; t++)
		sim_thread(NULL, NULL, &slots[t])->act = interpret;
	sim_run();
}

/* What a race found later will depend on. */
static void sign_races(struct signature *s)
{
	for (unsigned t = 0; t < test->programs; t++) {
		const struct thread *thread = &sim.thread[t];
		sign_clock(s, true, &thread->clock);
		sign_clock(s, thread->has_acquired, &thread->acquired);
		sign_clock(s, thread->has_released, &thread->released);
	}
	for (unsigned c = 0; c < test->cells; c++)
		for (unsigned way = 0; way < WAYS; way++)
			for (unsigned t = 0; t < test->programs; t++)
				sign(s, touched[c][way][t]);
}

void litmus_sign(struct signature *s)
{
	struct location *all[MAX_CELLS];
	*s = SIGNATURE;
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
	if (weak_sign_clocks)
		sign_races(s);
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
	int32_t found[MAX_OBSERVED];
	for (unsigned i = 0; i < n; i++)
		found[i] = value_of(&test->observed[i]);
	if (test->filter >= 0 && !litmus_holds(test, test->filter, found))
		return;
	if (s->n == s->room) {
		s->room = s->room ? 2 * s->room : 64;
		s->value = realloc(s->value, sizeof *s->value * s->room * (n ? n : 1));
		if (!s->value)
			engine_error("no memory for %u final states", s->room);
	}
	int32_t *row = s->value + (size_t)s->n * n;
	memcpy(row, found, n * sizeof *row);
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
	weak_sign_clocks = races_matter();
	race = false;
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
	s->race = race;
	s->whole = (!most || n < most) && sim.cuts == 0;
}
