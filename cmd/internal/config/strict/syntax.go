package strict

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// parseYAML turns text into the tree of its only document. An empty document is
// nil.
func parseYAML(file string, data []byte) (*yaml.Node, *Problem) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var first, second yaml.Node
	err := decoder.Decode(&first)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, syntaxProblem(file, data, err)
	}
	switch err := decoder.Decode(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		return nil, syntaxProblem(file, data, err)
	default:
		return nil, &Problem{
			File: file, Line: max(1, second.Line), Column: max(1, second.Column),
			Msg: "a second YAML document starts here", Hint: "keep everything in one document; remove the --- line",
		}
	}
	if len(first.Content) == 0 {
		return nil, nil
	}
	return first.Content[0], nil
}

var yamlLine = regexp.MustCompile(`^line ([0-9]+): `)

// syntaxProblem says where a text stops being YAML. The parser's own line is
// right for what its scanner finds; for the rest it is the line before, that of
// the surrounding section, or missing, so most of those are found by how far the
// parser read.
func syntaxProblem(file string, data []byte, err error) *Problem {
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 0
	if m := yamlLine.FindStringSubmatch(msg); m != nil {
		line, _ = strconv.Atoi(m[1])
		msg = msg[len(m[0]):]
	}
	p := &Problem{File: file, Line: line, Msg: "broken YAML: " + msg, Hint: syntaxHint(msg)}
	if strings.HasPrefix(msg, "unknown anchor") { // the message holds the text
		p.Msg = "broken YAML: an alias to nowhere"
	}
	defer func() {
		if slip := slipOf(data, p.Line, msg); slip != nil {
			p.Line, p.Column = slip.line, slip.column
			if slip.what != "" {
				p.Msg = "broken YAML: " + slip.what
			}
			p.Hint = cmp.Or(slip.hint, p.Hint)
		}
	}()
	switch {
	case isEscape(msg):
		p.Msg = "broken YAML: a backslash in double quotes begins an escape, and there is none of that name"
	case strings.HasPrefix(msg, "did not find expected ',' or"):
		p.Line = line + 1 // where the bracket opens, which the parser counts from 0
	case line == 0 || strings.HasPrefix(msg, "did not find expected"):
		p.Line = lineReached(data)
	}
	return p
}

// slipOf finds the slip behind what the parser said of a line.
func slipOf(data []byte, line int, msg string) *slip {
	if slip := unreadable(data); slip != nil || isEscape(msg) {
		return slip
	}
	return slipAt(strings.Split(string(data), "\n"), line, msg)
}

func isEscape(msg string) bool {
	return strings.HasPrefix(msg, "found unknown escape") || strings.HasPrefix(msg, "did not find expected hex") ||
		strings.HasPrefix(msg, "found invalid Unicode character escape")
}

func syntaxHint(msg string) string {
	switch {
	case isEscape(msg):
		return `write the value in single quotes, such as 'LAB\duosync', or each backslash twice`
	case msg == "did not find expected comment or line break":
		return "a value that starts with | or > needs quotes"
	case msg == "found a tab character that violates indentation":
		return "indent with blanks, never tabs"
	case strings.HasPrefix(msg, "unknown anchor"):
		return "put a value that starts with * in quotes"
	case msg == "found character that cannot start any token":
		return "indent with blanks, never tabs, and put a value that starts with %, @ or ` in quotes"
	case msg == "did not find expected alphabetic or numeric character":
		return `a value that starts with * or & needs quotes, such as cron: "*/30 * * * *"`
	case msg == "did not find expected whitespace or line break":
		return "a value that starts with ! needs quotes"
	case msg == "mapping values are not allowed in this context":
		return "check the indentation, and put a value that holds a colon and a blank in quotes"
	case msg == "could not find expected ':'":
		return "each key needs a colon and a blank after it"
	case msg == "found unexpected end of stream":
		return "a quote or bracket is not closed"
	case strings.HasPrefix(msg, "did not find expected ',' or"):
		return "a bracket that opens here is not closed, or a value in it, such as ${NAME}, needs quotes"
	case strings.HasPrefix(msg, "did not find expected"):
		return "check the indentation"
	}
	return "look at this line and at the one before it"
}

// lineReached gives the line that the parser had come to when it failed.
func lineReached(data []byte) int {
	r := &byteReader{data: data}
	decoder := yaml.NewDecoder(r)
	var err error
	for err == nil {
		err = decoder.Decode(new(yaml.Node))
	}
	return 1 + bytes.Count(bytes.TrimRight(data[:r.at], " \r\n"), []byte("\n"))
}

// byteReader hands out one byte at a time, so that it knows how far its reader
// came.
type byteReader struct {
	data []byte
	at   int
}

func (r *byteReader) Read(p []byte) (int, error) {
	if r.at == len(r.data) {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	p[0] = r.data[r.at]
	r.at++
	return 1, nil
}
