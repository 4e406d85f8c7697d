package afterrun

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"duosync/cmd/internal/wholefile"
	dirsync "duosync/sync"
)

// maxTextfile is the size in bytes above which a file is none of ours.
const maxTextfile = 1 << 20

// restore takes over what the process before left in a textfile: "" and a file
// that is not there leave everything as it is.
func (m *Metrics) restore(path string) error {
	if path == "" {
		return nil
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(m.read(io.LimitReader(file, maxTextfile)), file.Close())
}

// read takes over values, line by line: what is not ours, or broken, is left
// out.
func (m *Metrics) read(from io.Reader) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		families, err := parser.TextToMetricFamilies(strings.NewReader(lines.Text() + "\n"))
		if err != nil {
			continue
		}
		for name, family := range families {
			keep, ours := m.kept[name]
			if !ours {
				continue
			}
			for _, metric := range family.GetMetric() {
				labels := make(prometheus.Labels)
				for _, pair := range metric.GetLabel() {
					labels[pair.GetName()] = pair.GetValue()
				}
				value := metric.GetUntyped().GetValue() // the type stands on another line
				keep(labels, value)
				switch name {
				case nameOfEnd:
					m.until = timeOf(value)
				case nameOfSuccess:
					m.success = timeOf(value)
				}
			}
		}
	}
	return lines.Err()
}

// save writes the textfile, whole or not at all, for everyone to read: it is
// node-exporter's, and names nobody.
func (m *Metrics) save(path string) error {
	families, err := m.Gather()
	if err == nil {
		err = wholefile.Replace(path, 0o644, func(w io.Writer) (err error) {
			for i := 0; i < len(families) && err == nil; i++ {
				_, err = expfmt.MetricFamilyToText(w, families[i])
			}
			return err
		})
	}
	if err != nil {
		return dirsync.WithHint(fmt.Errorf("notify.textfile: %w", err), "Give the account of duosync the right to write the folder of notify.textfile.")
	}
	return nil
}
