/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* retcon vm: argv[0] is "vm". The exit status. */
int cmd_vm(int argc, char **argv);
