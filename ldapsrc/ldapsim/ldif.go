package ldapsim

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
)

// LoadLDIF adds the entries of an LDIF content file (RFC 2849), parents before
// children. Folded lines, base64 values and comments are understood; change
// records and values from URLs are errors. An error names the line.
func (t *tree) LoadLDIF(r io.Reader) error {
	var (
		lines = bufio.NewScanner(r)
		unit  record
		line  string // with its continuations
		at    int    // number of the line that line begins on
		n     int
	)
	lines.Buffer(nil, 64<<20)
	flush := func() error {
		text := line
		line = ""
		if text == "" || text[0] == '#' {
			return nil
		}
		if err := unit.take(text); err != nil {
			return fmt.Errorf("LDIF line %d: %w", at, err)
		}
		return nil
	}
	end := func() error {
		if err := flush(); err != nil {
			return err
		}
		done := unit
		unit = record{}
		if done.dn == "" && len(done.attrs) == 0 {
			return nil
		}
		if err := t.add(done.dn, done.attrs); err != nil {
			return fmt.Errorf("LDIF before line %d: %w", n, err)
		}
		return nil
	}
	for lines.Scan() {
		n++
		text := strings.TrimSuffix(lines.Text(), "\r")
		var err error
		switch {
		case text == "":
			err = end()
		case text[0] == ' ':
			line += text[1:]
		default:
			err = flush()
			line, at = text, n
		}
		if err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("LDIF: %w", err)
	}
	n++
	return end()
}

// record is an entry as it is read.
type record struct {
	dn    string
	attrs []attr
}

func (r *record) take(line string) error {
	name, value, ok := strings.Cut(line, ":")
	if !ok || name == "" {
		return fmt.Errorf("%q is no attribute and value", line)
	}
	switch {
	case strings.HasPrefix(value, ":"):
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value[1:]))
		if err != nil {
			return fmt.Errorf("value of %s: %w", name, err)
		}
		value = string(raw)
	case strings.HasPrefix(value, "<"):
		return fmt.Errorf("the value of %s is in a file", name)
	default:
		value = strings.TrimLeft(value, " ")
	}
	switch {
	case strings.EqualFold(name, "version") && r.dn == "":
	case strings.EqualFold(name, "dn"):
		if r.dn != "" {
			return fmt.Errorf("a second dn in the entry of %s", r.dn)
		}
		r.dn = value
	case strings.EqualFold(name, "changetype"):
		return fmt.Errorf("%s: a change record", r.dn)
	case r.dn == "":
		return fmt.Errorf("%s before the dn", name)
	default:
		r.attrs = append(r.attrs, attr{name: name, values: []string{value}})
	}
	return nil
}
