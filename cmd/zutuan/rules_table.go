package main

import (
	"path/filepath"
	"strings"

	"zutuan/internal/rulecheck"
	"zutuan/internal/rulepack"
)

// tableRules writes the rules of a product as a decision table, or reads a table and writes its rules as they stand in a
// product file.
func tableRules(env *environment, words []string) error {
	if len(words) != 2 || words[0] != "export" && words[0] != "import" {
		return usageError{"应写成 zutuan rules table export 产品 > t.csv 或 zutuan rules table import t.csv", "write zutuan rules table export PRODUCT > t.csv or zutuan rules table import t.csv"}
	}
	library, err := env.library()
	if err != nil {
		return err
	}
	if words[0] == "import" {
		data, err := readFile(words[1])
		if err != nil {
			return err
		}
		rules, err := rulecheck.ImportTable(library, filepath.Base(words[1]), data)
		if err == nil {
			env.print(rulecheck.RulesYAML(rules))
		}
		return err
	}
	product, err := namedProduct(library, words[1])
	if err == nil {
		env.print(string(rulecheck.ExportTable(product)))
	}
	return err
}

// namedProduct returns the newest version of a product by its id, or the product of a file.
func namedProduct(library *rulepack.Library, name string) (*rulepack.Product, error) {
	if extension := strings.ToLower(filepath.Ext(name)); extension == ".yaml" || extension == ".yml" || extension == ".json" {
		return readProduct(library, name)
	}
	if err := checkProducts(library, []string{name}); err != nil {
		return nil, err
	}
	var newest *rulepack.Product
	for _, product := range library.Products {
		if product.ID == name {
			newest = product
		}
	}
	return newest, nil
}
