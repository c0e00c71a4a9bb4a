// What the account is asked and told at once: groups, people, its view of its chats.

#include "internal.h"

#ifdef WASPNEST_IMPORTS_GROUPS
bool wn_group(wn_text group, wn_text *subject, size_t *members) {
  waspnest_plugin_groups_group_info_t info;
  waspnest_plugin_groups_error_t error;
  if (!waspnest_plugin_groups_info(&group, &info, &error)) return wn_refused("groups.info", error);
  *subject = wn_format("%.*s", WN_ARG(info.subject));
  *members = info.participants.len;
  waspnest_plugin_groups_group_info_free(&info);
  return true;
}
#endif

#ifdef WASPNEST_IMPORTS_CONTACTS
bool wn_is_registered(wn_text phone, bool *registered) {
  plugin_list_string_t phones = {&phone, 1};
  waspnest_plugin_contacts_list_tuple2_string_option_address_t found;
  waspnest_plugin_contacts_error_t error;
  if (!waspnest_plugin_contacts_resolve(&phones, &found, &error)) return wn_refused("contacts.resolve", error);
  *registered = found.len == 1 && found.ptr[0].f1.is_some;
  waspnest_plugin_contacts_list_tuple2_string_option_address_free(&found);
  return true;
}
#endif

#ifdef WASPNEST_IMPORTS_CHATS
bool wn_mute(wn_text chat) {
  // Until no moment: for good.
  waspnest_plugin_chats_change_t what = {.tag = WASPNEST_PLUGIN_CHATS_CHANGE_MUTE_UNTIL};
  waspnest_plugin_chats_error_t error;
  if (!waspnest_plugin_chats_update(&chat, &what, &error)) return wn_refused("chats.update", error);
  return true;
}
#endif
