package ldapsrc_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"duosync/ldapsrc"
	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/slapdtest"
	dirsync "duosync/sync"
)

func BenchmarkRead(b *testing.B) {
	const people = 20_000
	s := slapdtest.Start(b, slapdtest.Options{People: people})
	src, err := ldapsrc.New(options(s, func(o *ldapsrc.Options) {
		o.PageSize = conn.DefaultPageSize
		o.Attributes = []string{"uid", "cn", "sn", "givenName", "mail", "mobile"}
	}))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	b.ReportAllocs()
	for b.Loop() {
		info, err := src.Read(b.Context(), func(dirsync.Person) error { return nil })
		if err != nil || info.Read != people {
			b.Fatal(info, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/people, "µs/entry")
}

// BenchmarkReadWithGroups adds five groups of all people to BenchmarkRead.
func BenchmarkReadWithGroups(b *testing.B) {
	const people, groups = 20_000, 5
	var ldif strings.Builder
	for i := range groups {
		_, _ = fmt.Fprintf(&ldif, "dn: cn=group %d,%s\nobjectClass: groupOfNames\ncn: group %[1]d\n", i, slapdtest.GroupsDN)
		for k := range people {
			_, _ = fmt.Fprintf(&ldif, "member: %s\n", slapdtest.UserDN(k))
		}
		_ = ldif.WriteByte('\n')
	}
	s := slapdtest.Start(b, slapdtest.Options{People: people, LDIF: ldif.String()})
	src, err := ldapsrc.New(options(s, func(o *ldapsrc.Options) {
		withGroups(anyGroup, nil)(o)
		o.PageSize = conn.DefaultPageSize
		o.Attributes = []string{"uid", "cn", "sn", "givenName", "mail", "mobile"}
	}))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	b.ReportAllocs()
	for b.Loop() {
		info, err := src.Read(b.Context(), func(p dirsync.Person) error {
			if len(p.Groups) != groups {
				return fmt.Errorf("%s is in %q", p.DN, p.Groups)
			}
			return nil
		})
		if err != nil || info.Read != people {
			b.Fatal(info, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/people, "µs/entry")
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	b.ReportMetric(float64(stats.HeapSys>>20), "MiB-of-heap")
}
