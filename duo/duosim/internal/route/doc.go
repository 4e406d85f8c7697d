// Package route is what the calls of both APIs have in common: which route a call
// takes and what right it asks for, how a call names objects and pages of a list.
package route
