package ldapsim

import (
	"fmt"
	"strconv"
	"strings"
)

// ranged gives the attributes that a search asks for as a server sends them that
// limits the values of one attribute. A range may be asked for as first-last or
// first-*; a server may send less than that, never more.
func (r searchRequest) ranged(attrs []attr, f Faults) []attr {
	if f.RangeLimit <= 0 {
		return r.chosen(attrs)
	}
	var out []attr
	for _, a := range r.chosen(attrs) {
		if len(a.values) <= f.RangeLimit {
			out = append(out, a)
			continue
		}
		out = append(out, attr{name: a.name}, a.part(0, len(a.values)-1, f.RangeLimit))
	}
	for _, asked := range r.attrs {
		name, first, last, ok := parseRange(asked)
		if !ok || f.LoseRangeFrom > 0 && first >= f.LoseRangeFrom {
			continue
		}
		for _, a := range attrs {
			if !strings.EqualFold(a.name, name) || first >= len(a.values) {
				continue
			}
			part := a.part(min(first+f.ShiftRanges, len(a.values)-1), last, f.RangeLimit)
			if f.EmptyRanges {
				part.values = nil
			}
			out = append(out, part)
		}
	}
	return out
}

// part is a range of an attribute's values, of at most limit of them.
func (a attr) part(first, last, limit int) attr {
	last = min(last, first+limit-1, len(a.values)-1)
	end := strconv.Itoa(last)
	if last == len(a.values)-1 {
		end = "*"
	}
	return attr{name: fmt.Sprintf("%s;range=%d-%s", a.name, first, end), values: a.values[first : last+1]}
}

// parseRange reads a description such as member;range=1500-*.
func parseRange(asked string) (name string, first, last int, ok bool) {
	name, option, _ := strings.Cut(asked, ";")
	option, ok = strings.CutPrefix(strings.ToLower(option), "range=")
	from, to, _ := strings.Cut(option, "-")
	first, err := strconv.Atoi(from)
	if !ok || err != nil || first < 0 {
		return "", 0, 0, false
	}
	if to == "*" {
		return name, first, 1<<31 - 1, true
	}
	last, err = strconv.Atoi(to)
	return name, first, last, err == nil && last >= first
}
