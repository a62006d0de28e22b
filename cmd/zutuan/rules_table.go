package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"zutuan/internal/document"
	"zutuan/internal/rulecheck"
	"zutuan/internal/rulepack"
	"zutuan/internal/sheet"
)

// tableRules writes the rules of a product or a risk pack as a decision table, or reads a table and writes its rules as they
// stand in a file.
func tableRules(env *environment, words []string) error {
	if len(words) == 2 && words[0] == "import" {
		return importTable(env, words[1])
	}
	if (len(words) != 2 && len(words) != 3) || words[0] != "export" {
		return usageError{"应写成 zutuan rules table export 产品或风险包 [t.xlsx|t.csv]（不给文件时输出 CSV），或 zutuan rules table import t.xlsx|t.csv",
			"write zutuan rules table export PRODUCT-OR-RISK-PACK [t.xlsx|t.csv] (CSV on stdout without a file), or zutuan rules table import t.xlsx|t.csv"}
	}
	library, err := env.library()
	if err != nil {
		return err
	}
	csv, workbook, err := exportOf(library, words[1])
	if err != nil {
		return err
	}
	if len(words) == 2 {
		env.print(string(csv))
		return nil
	}
	data := csv
	switch strings.ToLower(filepath.Ext(words[2])) {
	case ".csv":
	case ".xlsx":
		if data, err = workbook(); err != nil {
			return err
		}
	default:
		return usageError{"文件名应以 .xlsx 或 .csv 结尾，现在是 " + words[2], "the file should end in .xlsx or .csv, not " + words[2]}
	}
	if err := os.WriteFile(words[2], data, 0o644); err != nil {
		return usageError{"写不了 " + words[2] + "：" + err.Error(), "cannot write " + words[2] + ": " + err.Error()}
	}
	env.line(env.say("已写入 ", "written: "), words[2])
	return nil
}

// exportOf returns the table of a risk pack, where the name is one, else of a product.
func exportOf(library *rulepack.Library, name string) (csv []byte, workbook func() ([]byte, error), err error) {
	for _, pack := range library.RiskPacks {
		if pack.ID == name {
			table := rulecheck.RiskTable(pack)
			return table.CSV(), func() ([]byte, error) { return sheet.RiskPack(pack) }, nil
		}
	}
	product, err := namedProduct(library, name)
	if err != nil {
		return nil, nil, err
	}
	return rulecheck.ExportTable(product), func() ([]byte, error) { return sheet.Product(product) }, nil
}

// importTable prints the rules of a table; whether they are a product's or a risk pack's, the table's columns say.
func importTable(env *environment, path string) error {
	library, err := env.library()
	if err != nil {
		return err
	}
	data, err := readFile(path)
	if err != nil {
		return err
	}
	file := filepath.Base(path)
	productRules, riskRules := rulecheck.ImportTable, rulecheck.ImportRiskTable
	if strings.EqualFold(filepath.Ext(path), ".xlsx") {
		productRules, riskRules = sheet.ReadProduct, sheet.ReadRiskPack
	}
	rules, err := productRules(library, file, data)
	if err == nil {
		env.print(rulecheck.RulesYAML(rules))
		return nil
	}
	if !isRiskTable(err) {
		return err
	}
	ofRisk, err := riskRules(library, file, data)
	if err == nil {
		env.print(rulecheck.RiskRulesYAML(ofRisk))
	}
	return err
}

// isRiskTable reports whether a table was refused as a product's because it lacks a product's columns: then it is read as a
// risk pack's, whose refusal is the one to tell.
func isRiskTable(err error) bool {
	var problems document.Problems
	return errors.As(err, &problems) && slices.ContainsFunc(problems, func(problem document.Problem) bool {
		return problem.Code == "missing" && strings.HasSuffix(problem.EN, " no column group")
	})
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
