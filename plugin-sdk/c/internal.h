// What the files of the layer share and plugins have no use for.
#ifndef WASPNEST_INTERNAL_H
#define WASPNEST_INTERNAL_H

#include "waspnest.h"

// Lets go of everything that a handler was given.
void wn_let_go(void);
// Takes over a text that the host gave.
wn_text wn_taken(plugin_string_t owned);
// A copy that generated code frees.
plugin_string_t wn_given(wn_text text);

#endif
