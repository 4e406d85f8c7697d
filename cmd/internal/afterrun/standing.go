package afterrun

import (
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/report"
	dirsync "duosync/sync"
	"duosync/sync/certificate"
)

// attend notes who needs a human, and since when the first of them does.
func (m *Metrics) attend(all []dirsync.Attention) {
	m.set(nameOfAttention, float64(len(all)))
	var oldest time.Time
	for _, a := range all {
		if oldest.IsZero() || a.Since.Before(oldest) {
			oldest = a.Since
		}
	}
	m.setTime(nameOfOldest, oldest)
}

// day notes how many users there are; nil: nobody has counted them yet.
func (m *Metrics) day(d *dirsync.Day) {
	if d == nil {
		return
	}
	m.set(nameOfSeats, float64(d.Seats.Active), "active")
	m.set(nameOfSeats, float64(d.Seats.Bypass), "bypass")
	m.set(nameOfSeats, float64(d.Seats.Disabled), "disabled")
	m.set(nameOfSeats, float64(d.Seats.LockedOut), "locked_out")
	m.set(nameOfSeats, float64(d.Seats.Trash), "trash")
	m.set(nameOfNever, float64(d.Seats.NeverEnrolled))
}

// guards notes what guards weighed, and which of them hold something of which nobody has
// decided.
func (m *Metrics) guards(weighed, held []report.Guard) {
	for _, name := range []string{nameOfFigure, nameOfLimit, nameOfHolds} {
		m.gauges[name].Reset()
	}
	nearest := map[string]float64{}
	for i := range weighed {
		g := &weighed[i]
		m.set(nameOfHolds, 0, g.Name)
		allowed, limited := allowedBy(g)
		near := -1.0 // without a limit it is the first one
		switch {
		case limited && allowed > 0:
			near = float64(g.Affected) / allowed
		case limited:
			near = float64(g.Affected) * 1e9
		}
		if before, known := nearest[g.Name]; known && near <= before {
			continue
		}
		nearest[g.Name] = near
		m.set(nameOfFigure, float64(g.Affected), g.Name)
		if limited {
			m.set(nameOfLimit, allowed, g.Name)
		}
	}
	for i := range held {
		m.set(nameOfHolds, 1, held[i].Name)
	}
}

// allowedBy gives how many may be affected before a guard holds, and whether it has a limit. What
// a limit asks for at least (min_…) allows for the rest.
func allowedBy(g *report.Guard) (allowed float64, limited bool) {
	var limit dirsync.Limit
	if err := limit.UnmarshalText([]byte(g.Limit)); err != nil || limit.Off {
		return 0, false
	}
	least := strings.HasPrefix(g.Name, "min_")
	whole := int64(limit.Count)
	if limit.IsPercent() {
		whole = int64(g.Total) * limit.Percent.Num
		if least {
			whole += limit.Percent.Den - 1 // a part of a person is a person
		}
		whole /= limit.Percent.Den
	}
	if least {
		whole = max(int64(g.Total)-whole, 0)
	}
	return float64(whole), true
}

// Configured notes what follows from a configuration, and when the certificates end that it
// names; that of the pages, where they are served from it.
func (m *Metrics) Configured(c *config.Config, served bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.set(nameOfRefreshes, c.Sync.RefreshEvery.Seconds())
	if served {
		m.setTime(nameOfExpiry, endOfFile(c.HTTP.TLSCertFile), "http", "")
	}
	m.gauges[nameOfExpiry].DeletePartialMatch(prometheus.Labels{"use": "ldap_client"}) // one may be taken out
	for _, one := range c.Each() {
		m.setTime(nameOfExpiry, endOfFile(one.LDAP.ClientCertFile), "ldap_client", one.Name)
	}
}

// endOfFile gives when the certificates of a file end; zero where it can't be told. Whoever uses
// the file says what is wrong with it.
func endOfFile(path string) time.Time {
	if path == "" {
		return time.Time{}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return time.Time{}
	}
	return certificate.End(data)
}
