package dirsync

// Expressions lists all expressions of the rules: those of the fields in the order
// of FieldNames, the status included, then aliases and phones.
func (r *Rules) Expressions() []*Expression {
	var all []*Expression
	for _, field := range FieldNames {
		if e := r.Mapping[field]; e != nil {
			all = append(all, e)
		}
	}
	if r.StatusFrom != nil {
		all = append(all, r.StatusFrom)
	}
	all = append(all, r.Aliases...)
	for _, from := range r.Phones.From {
		all = append(all, from.Number)
	}
	return all
}
