/* SPDX-License-Identifier: Apache-2.0
 * What `send` says: notes on a file, rejects, the summary of a source. */
#ifndef SG_CLI_SEND_TELL_H
#define SG_CLI_SEND_TELL_H

#include "cli/delivery.h"
#include "cli/send_options.h"
#include "cli/source_file.h"

#define TELL_REJECTS 20 /* listed per file; the rest is counted */

/* That the list lacks the mapping, and what it has. */
void tell_no_mapping(const char *wanted, const struct mapping_list *list);

/* "N what", with a comma before all but the first; nothing where N is 0. */
void tell_count(uint64_t count, const char *what, bool *first);

/* Ends a line on stderr with the detail of a reject. */
void tell_detail(const char *field, const char *detail);

/* What was read, left out, repeated, and what nobody reads; on stderr. */
void tell_notes(const char *file, const struct mapped *mapped);

/* Records that could not be mapped, and slices that contradict themselves. */
void tell_local(const char *file, const struct mapped *mapped);

/* Items that the daemon rejected; `told` counts over all feeds of a file. */
void tell_remote(const char *file, const struct delivery *delivery, uint32_t *told);

/* That the days of an event file stay open, since so many events were refused. */
void tell_open_days(const char *file, uint64_t refused);

/* Which setting would count the rows of a feed that are not rolled up. */
void tell_uncounted(const char *file, const struct delivery *delivery);

/* Where to read what was refused of items whose answers this run did not see. */
void tell_unanswered(const char *file, const struct delivery *delivery);

/* That a column of the file says when it was read, whatever --as-of says. */
void tell_as_of_column(const char *file, const struct mapped *mapped);

/* The line per source, on stdout, and where currency, zone and as_of came
 * from. */
void tell_summary(const struct delivery *delivery, const struct send_options *options,
                  const struct source_file *file);

#endif
