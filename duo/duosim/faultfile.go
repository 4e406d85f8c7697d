package duosim

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

// LoadFaults reads a file of faults, YAML or JSON, in the format that the
// package's documentation describes. It is strict: an unknown key, a key that
// comes twice, a wrong type or fields that don't go together are errors with
// file, line and column, and all of them are told at once.
func LoadFaults(path string) (Faults, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Faults{}, fmt.Errorf("faults: %w", err)
	}
	return ParseFaults(path, data)
}

// ParseFaults reads the content of a file of faults; name stands for the file in
// errors. Empty content has no faults.
func ParseFaults(name string, data []byte) (Faults, error) {
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

// mapping calls visit for each key; visit returns false for one it does not know.
func (r *faultReader) mapping(node *yaml.Node, what, known string, visit func(key string, value *yaml.Node) bool) {
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
		case !visit(key.Value, value):
			r.fail(key, "unknown key %q; known are: %s", key.Value, known)
		}
		seen = append(seen, key.Value)
	}
}

func (r *faultReader) faults(root *yaml.Node) Faults {
	var faults Faults
	names := make(map[string]bool)
	r.mapping(root, "the file", "seed, faults", func(key string, value *yaml.Node) bool {
		switch key {
		case "seed":
			seed, err := strconv.ParseUint(r.scalar(value, "!!int"), 10, 64)
			if err != nil {
				r.fail(value, "seed must be a whole number, 0 or more")
			}
			faults.Seed = seed
		case "faults":
			if value.Kind != yaml.SequenceNode {
				r.fail(value, "faults must be a list")
				return true
			}
			for _, item := range value.Content {
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
				faults.Rules = append(faults.Rules, fault)
			}
		default:
			return false
		}
		return true
	})
	return faults
}

func (r *faultReader) fault(node *yaml.Node) Fault {
	var f Fault
	const known = "name, method, path, params, nth, every, after, times, probability, effect, delay, retry_after, reply, page, status, code, message, detail"
	r.mapping(node, "a fault", known, func(key string, value *yaml.Node) bool {
		switch key {
		case "name":
			f.Name = r.scalar(value)
		case "method":
			f.Method = strings.ToUpper(r.scalar(value))
		case "path":
			f.Path = r.scalar(value)
		case "params":
			f.Params = make(map[string]string)
			r.mapping(value, "params", "", func(name string, wanted *yaml.Node) bool {
				f.Params[name] = r.scalar(wanted)
				return true
			})
		case "nth":
			f.Nth = r.number(value)
		case "every":
			f.Every = r.number(value)
		case "after":
			f.After = r.number(value)
		case "times":
			f.Times = r.number(value)
		case "probability":
			f.Probability = r.fraction(value)
		case "effect":
			f.Effect = Effect(r.scalar(value))
		case "delay":
			f.Delay = r.duration(value)
		case "retry_after":
			f.RetryAfter = r.duration(value)
		case "reply":
			f.Reply = r.scalar(value)
		case "page":
			f.Page = r.number(value)
		case "status":
			f.Status = r.number(value)
		case "code":
			f.Code = r.number(value)
		case "message":
			f.Message = r.scalar(value)
		case "detail":
			f.Detail = r.scalar(value)
		default:
			return false
		}
		return true
	})
	return f
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
