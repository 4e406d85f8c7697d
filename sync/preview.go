package dirsync

// Map gives what the rules make of one person: the fields that Duo would be
// asked to hold, why the person can't be carried over as a whole ("" where
// nothing is in the way), and which values were left out or changed. It is what
// a run does with each person; scope, exclusions and conflicts come later.
func (r *Rules) Map(p *Person) (fields Fields, problem string, warnings []string) {
	d := r.desire(p)
	r.desireGiven(p, &d)
	if len(r.Phones.From) > 0 {
		var texts []string
		for i := range d.phones {
			texts = append(texts, d.phones[i].text())
		}
		d.fields[FieldPhones] = ListOf(texts)
	}
	return d.fields, d.problem, d.warnings
}
