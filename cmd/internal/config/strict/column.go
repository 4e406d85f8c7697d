package strict

import "go.yaml.in/yaml/v3"

// columnOf gives the column of a scalar's nth character, counted from 1; one past
// the last is the scalar's end. For a scalar that does not stand on one line it is
// the column of its beginning.
func (r *reader) columnOf(n *yaml.Node, nth int) int {
	if n.Line > len(r.lines) {
		return n.Column
	}
	raw := []rune(r.lines[n.Line-1])
	at := n.Column - 1
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		at++
	}
	column := n.Column
	for i, c := range []rune(n.Value) {
		if i == nth-1 {
			column = at + 1
		}
		width := written(raw, at, n.Style)
		if at+width > len(raw) || width == 1 && raw[at] != c {
			return n.Column
		}
		at += width
	}
	if nth > len([]rune(n.Value)) {
		column = at + 1
	}
	return column
}

// written gives how many characters of a line stand for one character of a scalar
// of some style (YAML 1.2.2, 5.7 and 7.3).
func written(line []rune, at int, style yaml.Style) int {
	if at+1 >= len(line) {
		return 1
	}
	switch {
	case style&yaml.SingleQuotedStyle != 0 && line[at] == '\'' && line[at+1] == '\'':
		return 2
	case style&yaml.DoubleQuotedStyle != 0 && line[at] == '\\':
		switch line[at+1] {
		case 'x':
			return 4
		case 'u':
			return 6
		case 'U':
			return 10
		}
		return 2
	}
	return 1
}
