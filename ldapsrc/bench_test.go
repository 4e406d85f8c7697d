package ldapsrc_test

import (
	"testing"

	"duosync/ldapsrc"
	"duosync/ldapsrc/slapdtest"
	dirsync "duosync/sync"
)

func BenchmarkRead(b *testing.B) {
	const people = 20_000
	s := slapdtest.Start(b, slapdtest.Options{People: people})
	src, err := ldapsrc.New(options(s, func(o *ldapsrc.Options) {
		o.PageSize = ldapsrc.DefaultPageSize
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
