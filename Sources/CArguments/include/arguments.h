#pragma once

/// How many arguments the program was started with, its own name among them; -1 where the system does not hand them to
/// constructors.
int forge_argument_count(void);

/// The argument of that number.
const char *forge_argument(int index);
