package main

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// unit is so many of its kind's first unit, above its zero.
type unit struct {
	name         string
	factor, zero float64
}

type kind struct {
	name  string
	units []unit
}

var kinds = []kind{
	{"length", []unit{{"m", 1, 0}, {"km", 1000, 0}, {"cm", 0.01, 0}, {"mm", 0.001, 0}, {"mi", 1609.344, 0}, {"yd", 0.9144, 0}, {"ft", 0.3048, 0}, {"in", 0.0254, 0}}},
	{"weight", []unit{{"kg", 1, 0}, {"g", 0.001, 0}, {"t", 1000, 0}, {"lb", 0.45359237, 0}, {"oz", 0.028349523125, 0}}},
	{"volume", []unit{{"l", 1, 0}, {"ml", 0.001, 0}, {"gal", 3.785411784, 0}, {"pt", 0.473176473, 0}, {"cup", 0.2365882365, 0}}},
	{"temperature", []unit{{"K", 1, 0}, {"C", 1, 273.15}, {"F", 5.0 / 9, 459.67 * 5 / 9}}},
}

// question is what somebody wants to know.
type question struct {
	amount   float64
	from, to string
}

var form = regexp.MustCompile(`(?i)^(-?\d{1,15}(?:[.,]\d{1,6})?)\s*°?([a-z]{1,4})\s+(?:in|to)\s+°?([a-z]{1,4})\??$`)

func parse(text string) (question, bool) {
	found := form.FindStringSubmatch(text)
	if found == nil {
		return question{}, false
	}
	amount, err := strconv.ParseFloat(strings.Replace(found[1], ",", ".", 1), 64)
	return question{amount, found[2], found[3]}, err == nil
}

func (q question) answer() (string, error) {
	from, kindOfFrom, err := find(q.from)
	if err != nil {
		return "", err
	}
	to, kindOfTo, err := find(q.to)
	if err != nil {
		return "", err
	}
	if kindOfFrom != kindOfTo {
		return "", fmt.Errorf("%s is a %s and %s a %s", from.name, kindOfFrom, to.name, kindOfTo)
	}
	result := (q.amount*from.factor + from.zero - to.zero) / to.factor
	return fmt.Sprintf("%s %s = %s %s", number(q.amount), from.name, number(result), to.name), nil
}

func find(name string) (unit, string, error) {
	for _, kind := range kinds {
		for _, unit := range kind.units {
			if strings.EqualFold(unit.name, name) {
				return unit, kind.name, nil
			}
		}
	}
	return unit{}, "", fmt.Errorf("%s is no unit that I know", name)
}

// number writes six digits at most, and none that says nothing.
func number(value float64) string {
	if value == math.Trunc(value) && math.Abs(value) < 1e15 {
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	return strconv.FormatFloat(value, 'g', 6, 64)
}
