package docs_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// TestLinks: each link leads to a file and a heading that are there, and from docs/index.md
// every page can be reached at once.
func TestLinks(t *testing.T) {
	pages := readPages(t)
	listed := map[string]bool{"docs/index.md": true}
	for name, p := range pages {
		for _, l := range p.lines {
			for _, m := range link.FindAllStringSubmatch(l.text, -1) {
				target, anchor, _ := strings.Cut(m[1], "#")
				if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
					continue
				}
				file := name
				if target != "" {
					file = path.Join(path.Dir(name), target)
				}
				if _, err := os.Stat(filepath.Join(top, file)); err != nil {
					t.Errorf("%s:%d: %s: there is no %s", name, l.number, m[1], file)
				} else if to := pages[file]; anchor != "" && to != nil && !to.anchors[anchor] {
					t.Errorf("%s:%d: %s: %s has no such heading", name, l.number, m[1], file)
				}
				if name == "docs/index.md" {
					listed[file] = true
				}
			}
		}
	}
	for name := range pages {
		if strings.HasPrefix(name, "docs/") && !listed[name] {
			t.Errorf("docs/index.md has no link to %s", name)
		}
	}
}

// TestBlocksAreFenced: a block that is only indented has no language, and would pass by
// the tests of commands and examples.
func TestBlocksAreFenced(t *testing.T) {
	item := regexp.MustCompile(`^\s*([-*]|\d+\.) `)
	for name, p := range readPages(t) {
		inList, blank := false, true
		for _, l := range p.lines {
			switch {
			case strings.TrimSpace(l.text) == "":
				blank = true
				continue
			case item.MatchString(l.text):
				inList = true
			case !strings.HasPrefix(l.text, " "):
				inList = false
			}
			if blank && strings.HasPrefix(l.text, "    ") && !item.MatchString(l.text) && (!inList || strings.HasPrefix(l.text, "      ")) {
				t.Errorf("%s:%d: an indented block; fence it, with its language", name, l.number)
			}
			blank = false
		}
	}
}

// TestTables: no table, and no large part of one, stands twice.
func TestTables(t *testing.T) {
	const same = 4
	rows := map[string][]string{}
	count := map[[2]string]int{}
	for name, p := range readPages(t) {
		table, last := "", -2
		for _, l := range p.lines {
			if !strings.HasPrefix(strings.TrimSpace(l.text), "|") {
				continue
			}
			if l.number != last+1 {
				table = name + ": " + l.text
			}
			last = l.number
			row := strings.Join(strings.Fields(l.text), " ")
			if strings.Trim(row, "|- ") == "" {
				continue
			}
			for _, other := range rows[row] {
				if other != table {
					count[[2]string{other, table}]++
				}
			}
			rows[row] = append(rows[row], table)
		}
	}
	for tables, n := range count {
		if n >= same {
			t.Errorf("%d rows stand twice: in %s and in %s", n, tables[0], tables[1])
		}
	}
}
