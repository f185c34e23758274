/* Pieces of a search as text, in a file. */
#ifndef FUZZ_SEARCH_PIECE_H
#define FUZZ_SEARCH_PIECE_H

#include <stdio.h>

#include "search/dfs.h"

void piece_write(FILE *to, const struct piece *p);
/* Returns false if no piece is there, or not a whole one. */
bool piece_read(FILE *from, struct piece *p);

#endif
