/* SPDX-License-Identifier: Apache-2.0
 * Fault points: places where a test stops the daemon to kill it there.
 *
 * Compiled only with -DSG_FAULTS=ON. With SG_FAULT="name:count" in the
 * environment, the process stops itself (SIGSTOP) when it passes the named
 * point for the count-th time. A release build holds none of this. */
#ifndef SG_BASE_FAULT_H
#define SG_BASE_FAULT_H

#ifdef SG_FAULTS
#define FAULT_POINT(name) fault_pass(name)
void fault_pass(const char *name);
#else
#define FAULT_POINT(name) ((void)0)
#endif

#endif
