package faults

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// LoadFile reads a file of faults, YAML or JSON, in the format that the
// package's documentation describes. It is strict: an unknown key, a key that
// comes twice, a wrong type or fields that don't go together are errors with
// file, line and column, and all of them are told at once.
func LoadFile(path string) (Faults, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Faults{}, fmt.Errorf("faults: %w", err)
	}
	return Parse(path, data)
}

// Parse reads the content of a file of faults; name stands for the file in
// errors. Empty content has no faults.
func Parse(name string, data []byte) (Faults, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return Faults{}, nil
	case err != nil:
		return Faults{}, fmt.Errorf("%s: %w", name, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return Faults{}, fmt.Errorf("%s: only one document is expected", name)
	}
	r := &faultReader{file: name}
	faults := r.faults(document.Content[0])
	return faults, errors.Join(r.problems...)
}

// faultReader walks through a document and collects what is wrong with it.
type faultReader struct {
	file     string
	problems []error
}

func (r *faultReader) fail(at *yaml.Node, format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf("%s:%d:%d: "+format, append([]any{r.file, at.Line, at.Column}, args...)...))
}

// key is one that a mapping knows, and what takes its value.
type key struct {
	name string
	take func(value *yaml.Node)
}

// mapping reads a mapping of these keys.
func (r *faultReader) mapping(node *yaml.Node, what string, keys []key) {
	r.pairs(node, what, func(name, value *yaml.Node) {
		i := slices.IndexFunc(keys, func(k key) bool { return k.name == name.Value })
		if i >= 0 {
			keys[i].take(value)
			return
		}
		known := make([]string, len(keys))
		for i, k := range keys {
			known[i] = k.name
		}
		r.fail(name, "unknown key %q; known are: %s", name.Value, strings.Join(known, ", "))
	})
}

// pairs calls visit for each key of a mapping, once.
func (r *faultReader) pairs(node *yaml.Node, what string, visit func(key, value *yaml.Node)) {
	if node.Kind != yaml.MappingNode {
		r.fail(node, "%s must be a mapping", what)
		return
	}
	var seen []string
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode:
			r.fail(key, "a key must be a plain word")
		case slices.Contains(seen, key.Value):
			r.fail(key, "%s comes twice", key.Value)
		default:
			visit(key, value)
		}
		seen = append(seen, key.Value)
	}
}

// faults reads the whole document.
func (r *faultReader) faults(root *yaml.Node) Faults {
	var faults Faults
	r.mapping(root, "the file", []key{
		{"seed", func(at *yaml.Node) {
			seed, err := strconv.ParseUint(r.scalar(at, "!!int"), 10, 64)
			if err != nil {
				r.fail(at, "seed must be a whole number, 0 or more")
			}
			faults.Seed = seed
		}},
		{"faults", func(at *yaml.Node) { faults.Rules = r.rules(at) }},
	})
	return faults
}

// rules reads the list of rules; those that are not in order are left out.
func (r *faultReader) rules(list *yaml.Node) []Fault {
	if list.Kind != yaml.SequenceNode {
		r.fail(list, "faults must be a list")
		return nil
	}
	var rules []Fault
	names := make(map[string]bool)
	for _, item := range list.Content {
		before := len(r.problems)
		fault := r.fault(item)
		if len(r.problems) > before {
			continue
		}
		if err := fault.check(); err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				r.fail(item, "fault %q: %s", fault.Name, line)
			}
		}
		if names[fault.Name] {
			r.fail(item, "fault %q: the name is taken", fault.Name)
		}
		names[fault.Name] = true
		rules = append(rules, fault)
	}
	return rules
}

// fault reads one rule.
func (r *faultReader) fault(node *yaml.Node) Fault {
	var f Fault
	r.mapping(node, "a fault", []key{
		{"name", func(at *yaml.Node) { f.Name = r.scalar(at) }},
		{"method", func(at *yaml.Node) { f.Method = strings.ToUpper(r.scalar(at)) }},
		{"path", func(at *yaml.Node) { f.Path = r.scalar(at) }},
		{"params", func(at *yaml.Node) { f.Params = r.params(at) }},
		{"nth", func(at *yaml.Node) { f.Nth = r.number(at) }},
		{"every", func(at *yaml.Node) { f.Every = r.number(at) }},
		{"after", func(at *yaml.Node) { f.After = r.number(at) }},
		{"times", func(at *yaml.Node) { f.Times = r.number(at) }},
		{"probability", func(at *yaml.Node) { f.Probability = r.fraction(at) }},
		{"effect", func(at *yaml.Node) { f.Effect = Effect(r.scalar(at)) }},
		{"delay", func(at *yaml.Node) { f.Delay = r.duration(at) }},
		{"retry_after", func(at *yaml.Node) { f.RetryAfter = r.duration(at) }},
		{"reply", func(at *yaml.Node) { f.Reply = r.scalar(at) }},
		{"page", func(at *yaml.Node) { f.Page = r.number(at) }},
		{"status", func(at *yaml.Node) { f.Status = r.number(at) }},
		{"code", func(at *yaml.Node) { f.Code = r.number(at) }},
		{"message", func(at *yaml.Node) { f.Message = r.scalar(at) }},
		{"detail", func(at *yaml.Node) { f.Detail = r.scalar(at) }},
	})
	return f
}

func (r *faultReader) params(node *yaml.Node) map[string]string {
	params := make(map[string]string)
	r.pairs(node, "params", func(name, wanted *yaml.Node) { params[name.Value] = r.scalar(wanted) })
	return params
}

// scalar gives a single value as text; where tags are given, of one of those
// types.
func (r *faultReader) scalar(node *yaml.Node, tags ...string) string {
	if node.Kind != yaml.ScalarNode || node.Tag == "!!null" || len(tags) > 0 && !slices.Contains(tags, node.Tag) {
		if len(tags) == 0 { // those who ask for a type say themselves what is wrong
			r.fail(node, "a single value is expected here")
		}
		return ""
	}
	return node.Value
}

// number gives a count of at least 1: a field that is not meant is left out.
func (r *faultReader) number(node *yaml.Node) int {
	n, err := strconv.Atoi(r.scalar(node, "!!int"))
	if err != nil || n < 1 {
		r.fail(node, "a whole number from 1 is expected here")
	}
	return n
}

func (r *faultReader) fraction(node *yaml.Node) float64 {
	f, err := strconv.ParseFloat(r.scalar(node, "!!int", "!!float"), 64)
	if err != nil || math.IsNaN(f) || f <= 0 || f > 1 {
		r.fail(node, "a number above 0 and up to 1 is expected here")
	}
	return f
}

func (r *faultReader) duration(node *yaml.Node) time.Duration {
	d, err := time.ParseDuration(r.scalar(node, "!!str"))
	if err != nil || d <= 0 {
		r.fail(node, "a duration is expected here, such as 500ms or 2s")
	}
	return d
}
