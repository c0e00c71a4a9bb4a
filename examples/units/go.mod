module example.org/units

go 1.24

require waspnest.org/plugin v0.0.0

replace waspnest.org/plugin => ./.waspnest/sdk/go
