/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SG_TEST_SCENARIOS_H
#define SG_TEST_SCENARIOS_H

#define SCENARIO(name) void scenario_##name(void);
#include "scenarios.def"
#undef SCENARIO

#endif
