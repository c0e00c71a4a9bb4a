module waspnest.org/plugin

go 1.24
