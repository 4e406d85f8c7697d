package ldapsrc

import (
	"hash/maphash"

	dirsync "duosync/sync"
)

// sightings are the ids that a read has met, and below which base: an open table of their
// digests, 18 to 37 bytes for each id, or 23 to 46 with several bases. The digests' seeds are of this read, so nobody can make
// two ids of one digest, and two of a million have one by chance once in 10^26 reads.
type sightings struct {
	seeds   [2]maphash.Seed
	digests [][2]uint64 // zero for none
	bases   []int32     // by digest; nil while there is one base only
	n       int
}

// firstSightings is how many there is room for at first; a power of two.
const firstSightings = 1024

func newSightings(bases int) *sightings {
	s := &sightings{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, digests: make([][2]uint64, firstSightings)}
	if bases > 1 {
		s.bases = make([]int32, firstSightings)
	}
	return s
}

// note remembers id. Where it was met before, it tells below which base.
func (s *sightings) note(id dirsync.SourceID, base int) (before int, again bool) {
	digest := [2]uint64{maphash.String(s.seeds[0], string(id)), maphash.String(s.seeds[1], string(id)) | 1}
	at := s.find(digest)
	if s.digests[at] == digest {
		if s.bases == nil {
			return 0, true
		}
		return int(s.bases[at]), true
	}
	if s.n++; 8*s.n > 7*len(s.digests) {
		s.grow()
		at = s.find(digest)
	}
	s.put(at, digest, int32(base)) //nolint:gosec // there are not that many bases
	return 0, false
}

// find gives where a digest is, or would be.
func (s *sightings) find(digest [2]uint64) int {
	last := len(s.digests) - 1
	at := int(digest[0]) & last //nolint:gosec // it is below the length
	for s.digests[at] != digest && s.digests[at] != [2]uint64{} {
		at = (at + 1) & last
	}
	return at
}

func (s *sightings) put(at int, digest [2]uint64, base int32) {
	s.digests[at] = digest
	if s.bases != nil {
		s.bases[at] = base
	}
}

func (s *sightings) grow() {
	digests, bases := s.digests, s.bases
	s.digests = make([][2]uint64, 2*len(digests))
	if bases != nil {
		s.bases = make([]int32, 2*len(digests))
	}
	for i, digest := range digests {
		if digest == [2]uint64{} {
			continue
		}
		base := int32(0)
		if bases != nil {
			base = bases[i]
		}
		s.put(s.find(digest), digest, base)
	}
}
