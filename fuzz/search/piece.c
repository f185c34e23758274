/* piece N, then a line per decision: options, taken, whether it is a model's,
 * steps before it; sets; and the options.
 */
#include "search/piece.h"

#include <inttypes.h>

void piece_write(FILE *to, const struct piece *p)
{
	fprintf(to, "piece %u\n", p->n);
	for (const struct node *d = p->node; d < p->node + p->n; d++) {
		fprintf(to, "%u %u %d %u %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64,
			d->n, d->taken, d->model, d->steps, d->left, d->spare, d->done, d->set);
		for (unsigned i = 0; i < d->n && !d->model; i++)
			fprintf(to, " %u", d->option[i]);
		fputc('\n', to);
	}
}

static bool node_read(FILE *from, struct node *d)
{
	unsigned n, taken, model, option;
	if (fscanf(from, "%u %u %u %u %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64, &n, &taken,
		   &model, &d->steps, &d->left, &d->spare, &d->done, &d->set) != 8)
		return false;
	d->n = n;
	d->taken = taken;
	d->model = model;
	if (taken >= n || n > (model ? 64 : OPTIONS))
		return false;
	for (unsigned i = 0; i < n && !model; i++) {
		if (fscanf(from, "%u", &option) != 1 || option >= OPTIONS)
			return false;
		d->option[i] = option;
	}
	return true;
}

bool piece_read(FILE *from, struct piece *p)
{
	if (fscanf(from, " piece %u", &p->n) != 1 || p->n > MAX_CHOICES)
		return false;
	for (unsigned i = 0; i < p->n; i++)
		if (!node_read(from, &p->node[i]))
			return false;
	return true;
}
