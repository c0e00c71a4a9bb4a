// `plugin.c` wants an object linked that says which component this is. `waspnest plugin build` puts that into the module afterwards.
void __component_type_object_force_link_plugin(void);
void __component_type_object_force_link_plugin(void) {}
