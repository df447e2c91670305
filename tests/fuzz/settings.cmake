# SPDX-License-Identifier: Apache-2.0
sg_fuzz(expr SOURCES fuzz_expr.c LINKS sg_model)
sg_fuzz(settings SOURCES fuzz_settings.c LINKS sg_settings)
