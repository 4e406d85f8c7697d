package expression

import (
	"regexp"
	"strconv"
	"strings"
)

// phrase puts one message of the language into other words.
type phrase struct {
	from  *regexp.Regexp
	to    string
	types bool // it names types of Go
}

var phrases = []phrase{
	{regexp.MustCompile(`^unexpected token [A-Z][a-z]+\((.*)\)$`), "unexpected $1", false},
	{regexp.MustCompile(`^invalid operation: (\S+) \(mismatched types? (.*)\)$`), "the operator $1 does not go with $2", true},
	{regexp.MustCompile(`^non-bool expression \(type (.*)\) used as condition$`), `a condition is true or false, not $1; compare it with something, as in uid != ""`, true},
	{regexp.MustCompile(`^predicate should return boolean \(got (.*)\)$`), `a condition is true or false, not $1; compare it with something, as in # != ""`, true},
	{regexp.MustCompile(`^builtin (\S+) takes only array \(got (.*)\)$`), "$1 takes a list, not $2; values(…) makes a list of it", true},
	{regexp.MustCompile(`^array elements can only be selected using an integer \(got (.*)\)$`), "an item of a list is named by a number, not $1", true},
	{regexp.MustCompile(`^type (.*)\[.*\] is undefined$`), "only a list or a table has items, not $1", true},
	{regexp.MustCompile(`^type (.*) has no field (.*)$`), "nothing called .$2 is in $1", true},
	{regexp.MustCompile(`^cannot use (.*) as type (.*) in array$`), "$1 is not in a list of $2", true},
	{regexp.MustCompile(`^unknown name (.*)$`), "$1 has no value here: its let comes later, or ends before", false},
	{regexp.MustCompile(`^index out of range: (-?\d+) \(array length is (\d+)\)$`), "there is no item $1 in a list of $2; get(…) gives an empty value then", false},
	{regexp.MustCompile(`^reduce of empty array with no initial value$`), "reduce of an empty list needs a third argument, the value to begin with", false},
	{regexp.MustCompile(`^error parsing regexp: (.*)$`), "the pattern is wrong: $1", false},
	{regexp.MustCompile(`^memory budget exceeded$`), "its lists grow too long", false},
}

var goType = regexp.MustCompile(`time\.Time|time\.Duration|\[\]interface \{\}|\[\]string|map\[string\]interface \{\}|interface \{\}|\b(?:string|int|float64|bool)\b`)

// plainWords puts a message of the language into an admin's words.
func plainWords(message string) string {
	for _, p := range phrases {
		found := p.from.FindStringSubmatch(message)
		if found == nil {
			continue
		}
		out := p.to
		for i, part := range found[1:] {
			if p.types {
				part = goType.ReplaceAllStringFunc(part, kindName)
			}
			out = strings.ReplaceAll(out, "$"+strconv.Itoa(i+1), part)
		}
		return out
	}
	return message
}

func kindName(goType string) string {
	switch goType {
	case "string":
		return kindText.String()
	case "int", "float64":
		return kindNumber.String()
	case "bool":
		return kindFlag.String()
	case "time.Time":
		return kindTime.String()
	case "time.Duration":
		return kindSpan.String()
	case "[]string", "[]interface {}":
		return kindList.String()
	case "map[string]interface {}":
		return kindTable.String()
	}
	return kindAny.String()
}
