package duosim

import "duosync/duo/duosim/internal/faults"

// LoadFaults reads a file of faults, YAML or JSON, in the format that the
// package's documentation describes. All that is wrong with it is told at once, with
// file, line and column.
func LoadFaults(path string) (Faults, error) { return faults.LoadFile(path) }

// SetFaults replaces all faults, and with them their counts. An error leaves
// those that were there.
func (s *Server) SetFaults(rules Faults) error {
	set, err := faults.NewSet(rules)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = set
	return nil
}

// AddFault adds a fault behind those that are there. Its name must be new.
func (s *Server) AddFault(f Fault) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults.Add(f)
}

// ClearFaults takes all faults away.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.Clear()
}

// FaultHits gives for each fault, by name, how many calls it has struck.
func (s *Server) FaultHits() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults.Hits()
}
