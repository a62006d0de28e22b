package store

import (
	"fmt"
	"regexp"
)

// Kind declares one kind of record: which index fields it has, which lists are asked for, and what may happen to it.
// Databases make their tables and indexes from it at start. Fields and lists may be added by a later release, which
// fills the field with its zero in records written before; they are never removed, renamed or given another type.
type Kind struct {
	// Name is a lower-case word of the domain, "product_version".
	Name string
	// Immutable records are written once; Update answers ErrImmutable.
	Immutable bool
	// Perishable records may be deleted, and are not in the change feed.
	Perishable bool
	// Brief records keep only the newest entry of their trail: sessions and job progress need no history.
	Brief bool
	// Fields are the index fields.
	Fields []Field
	// Lists name what the index of each list is made of: fields compared for equality first, the field sorted by
	// last. Every list that people page through needs one; another query works too, but reads more.
	Lists [][]string
}

// Field declares one index field.
type Field struct {
	// Name is a lower-case word: letters, digits and underscores.
	Name string
	Type FieldType
	// Unique text is carried by at most one record of the kind; an empty text is not claimed.
	Unique bool
}

// The fields that every record has; they can be filtered and sorted by like declared ones.
const (
	FieldID      = "id"
	FieldRegion  = "region"
	FieldVersion = "version"
	FieldCreated = "created"
	FieldUpdated = "updated"
)

var systemFields = []Field{{FieldID, FieldText, false}, {FieldRegion, FieldText, false}, {FieldVersion, FieldCount, false}, {FieldCreated, FieldTime, false}, {FieldUpdated, FieldTime, false}}

// Field finds a declared field.
func (k Kind) Field(name string) (Field, bool) {
	for _, field := range k.Fields {
		if field.Name == name {
			return field, true
		}
	}
	return Field{}, false
}

// Column finds a field that every record has, or a declared one.
func (k Kind) Column(name string) (field Field, system, ok bool) {
	for _, field := range systemFields {
		if field.Name == name {
			return field, true, true
		}
	}
	field, ok = k.Field(name)
	return field, false, ok
}

// Uniques lists the unique fields.
func (k Kind) Uniques() []Field {
	var unique []Field
	for _, field := range k.Fields {
		if field.Unique {
			unique = append(unique, field)
		}
	}
	return unique
}

// word is what a kind and a field may be called: it becomes the name of a table, a collection, a column.
var word = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

const (
	// MaxFields bounds a kind's index fields: the index part stays small beside the body.
	MaxFields = 24
	// MaxLists bounds a kind's indexes: MongoDB allows 64 for a collection, and each costs every write.
	MaxLists = 16
)

// CheckKinds refuses declarations that some database could not keep. It is called when a store is opened.
func CheckKinds(kinds []Kind) error {
	seen := map[string]bool{}
	for _, kind := range kinds {
		if !word.MatchString(kind.Name) || seen[kind.Name] {
			return fmt.Errorf("kind %q: want a lower-case word that no other kind has", kind.Name)
		}
		seen[kind.Name] = true
		if err := kind.check(); err != nil {
			return fmt.Errorf("kind %s: %w", kind.Name, err)
		}
	}
	return nil
}

func (k Kind) check() error {
	if len(k.Fields) > MaxFields || len(k.Lists) > MaxLists {
		return fmt.Errorf("%d fields and %d lists; at most %d and %d", len(k.Fields), len(k.Lists), MaxFields, MaxLists)
	}
	names := map[string]bool{}
	for _, field := range systemFields {
		names[field.Name] = true
	}
	for _, field := range k.Fields {
		switch field.Type {
		case FieldText, FieldCount, FieldAmount, FieldRatio, FieldTime, FieldBool:
		default:
			return fmt.Errorf("field %s has no type %q", field.Name, field.Type)
		}
		if !word.MatchString(field.Name) || names[field.Name] {
			return fmt.Errorf("field %q: want a lower-case word that no other field has", field.Name)
		}
		if field.Unique && field.Type != FieldText {
			return fmt.Errorf("field %s: only text can be unique", field.Name)
		}
		names[field.Name] = true
	}
	for _, list := range k.Lists {
		if len(list) == 0 {
			return fmt.Errorf("a list without fields")
		}
		for _, name := range list {
			if !names[name] {
				return fmt.Errorf("list %v: field %q is not declared", list, name)
			}
		}
	}
	return nil
}
