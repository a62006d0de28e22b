package sheet

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/rulecheck"
	"zutuan/internal/rulepack"
)

// Limits of a workbook that comes from outside. The largest table of 200 rules is a hundred times smaller.
const (
	// MaxBytes is the size of the file, and maxUnpacked that of all its parts together when they are unpacked.
	MaxBytes    = 4 << 20
	maxUnpacked = 32 << 20
	maxParts    = 500
	// maxGapRows is how many empty rows may stand before and among the rules; a cell in the last row of a sheet would
	// otherwise make a million of them.
	maxGapRows = 1_000
)

// ReadProduct reads the rules of a product from a workbook and checks every cell against the library. The error is a
// document.Problems whose paths are sheet!cell.
func ReadProduct(library *rulepack.Library, file string, data []byte) ([]funding.ProductRule, error) {
	records, place, err := records(file, data)
	if err != nil {
		return nil, err
	}
	return rulecheck.ReadTable(library, file, records, place)
}

// ReadRiskPack reads the rules of a risk pack from a workbook, as ReadProduct does.
func ReadRiskPack(library *rulepack.Library, file string, data []byte) ([]funding.RiskRule, error) {
	records, place, err := records(file, data)
	if err != nil {
		return nil, err
	}
	return rulecheck.ReadRiskTable(library, file, records, place)
}

// refusal is a workbook that is not read at all.
func refusal(file, code, zh, en string) error {
	return document.Problems{{File: file, Code: code, ZH: zh, EN: en}}
}

// records returns the keys and the rows of the first sheet that has keys, and where they stand.
func records(file string, data []byte) ([][]string, rulecheck.Placer, error) {
	if err := measure(file, data); err != nil {
		return nil, nil, err
	}
	book, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{
		// Cells as they are kept and not as they are shown; nothing goes to disk, because no part may be larger than all.
		RawCellValue: true, UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxUnpacked,
	})
	if err != nil {
		return nil, nil, refusal(file, "xlsx", "不是完整的 xlsx 工作簿："+err.Error(), "not a well-formed xlsx workbook: "+err.Error())
	}
	defer book.Close()
	for _, name := range book.GetSheetList() {
		r := &reader{file: file, book: book, sheet: name}
		found, err := r.read()
		if err != nil {
			return nil, nil, err
		}
		if found {
			return r.records, r.place, r.problems.Err()
		}
	}
	return nil, nil, refusal(file, "header", "没有一张工作表的前几行里有键 id、group、level（或 id、scope、metric）；请从导出的表改起",
		"no sheet has the keys id, group, level (or id, scope, metric) in its first rows; begin from an exported table")
}

// measure unpacks every part into nothing, and refuses what is too large or no plain workbook, before anything is made of it:
// the sizes that a file states of itself may be wrong.
func measure(file string, data []byte) error {
	if len(data) > MaxBytes {
		return refusal(file, "too_large", fmt.Sprintf("工作簿超过上限 %d 字节", MaxBytes), fmt.Sprintf("the workbook is larger than %d bytes", MaxBytes))
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return refusal(file, "xlsx", "不是 xlsx 工作簿（旧版 .xls 和加密的工作簿请另存为不加密的 .xlsx）", "not an xlsx workbook (save an old .xls or an encrypted one as a plain .xlsx)")
	}
	if len(archive.File) > maxParts {
		return refusal(file, "too_large", fmt.Sprintf("工作簿有 %d 个部件，上限 %d", len(archive.File), maxParts), fmt.Sprintf("the workbook has %d parts, at most %d are read", len(archive.File), maxParts))
	}
	left := int64(maxUnpacked)
	for _, part := range archive.File {
		if foreign(part.Name) {
			return refusal(file, "foreign_part", "工作簿含宏、外部链接或嵌入对象（"+part.Name+"）；请另存为不含宏的 .xlsx", "the workbook holds a macro, an external link or an embedded object ("+part.Name+"); save it as a plain .xlsx")
		}
		size, err := unpacked(part, left)
		if err != nil {
			return refusal(file, "xlsx", "工作簿的部件 "+part.Name+" 损坏："+err.Error(), "the part "+part.Name+" of the workbook is broken: "+err.Error())
		}
		if left -= size; left < 0 {
			return refusal(file, "too_large", fmt.Sprintf("工作簿解开后超过上限 %d 字节", maxUnpacked), fmt.Sprintf("the workbook unpacks to more than %d bytes", maxUnpacked))
		}
	}
	return nil
}

// foreign reports whether a part is something that a table never needs and that can act or point outside.
func foreign(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"vbaproject", "externallinks/", "embeddings/", "activex/", "macrosheets/", "dialogsheets/", "connections.xml", "querytables/"}, func(word string) bool {
		return strings.Contains(name, word)
	})
}

// unpacked returns the size of a part, counted up to one byte more than what is left.
func unpacked(part *zip.File, left int64) (int64, error) {
	in, err := part.Open()
	if err != nil {
		return 0, err
	}
	defer in.Close()
	size, err := io.Copy(io.Discard, io.LimitReader(in, left+1))
	if errors.Is(err, zip.ErrChecksum) && size > left {
		err = nil
	}
	return size, err
}

// reader takes the records of one sheet.
type reader struct {
	file, sheet string
	book        *excelize.File
	records     [][]string
	// rows are the 1-based rows of the records in the sheet.
	rows     []int
	problems document.Problems
}

// place names a cell of the records as sheet!cell.
func (r *reader) place(row, column int) (string, int) {
	at := r.rows[min(row, len(r.rows)-1)]
	return r.sheet + "!" + rulecheck.CellName(at-1, column), at
}

// read takes the sheet's keys and rows; false where it has no keys. Rows without anything in them are left out.
func (r *reader) read() (bool, error) {
	rows, err := r.book.Rows(r.sheet)
	if err != nil {
		return false, refusal(r.file, "xlsx", "工作表 "+r.sheet+" 读不了："+err.Error(), "the sheet "+r.sheet+" cannot be read: "+err.Error())
	}
	defer rows.Close()
	for at, gap := 1, 0; rows.Next(); at++ {
		cells, err := rows.Columns()
		if err != nil {
			return false, refusal(r.file, "xlsx", fmt.Sprintf("工作表 %s 第 %d 行读不了：%v", r.sheet, at, err), fmt.Sprintf("row %d of the sheet %s cannot be read: %v", at, r.sheet, err))
		}
		for len(cells) > 0 && cells[len(cells)-1] == "" {
			cells = cells[:len(cells)-1]
		}
		switch {
		case len(r.records) == 0 && isHeader(cells):
			r.take(at, cells)
		case len(r.records) == 0 && at > headerRows+1:
			return false, nil
		case len(r.records) == 0:
		case len(cells) == 0:
			if gap++; gap > maxGapRows {
				return true, nil
			}
		default:
			r.take(at, r.plain(at, cells))
		}
		if len(r.records) > rulecheck.MaxTableRows {
			return true, nil // one more than allowed, which the reader of the table refuses in its own words
		}
	}
	return len(r.records) > 0, nil
}

func (r *reader) take(at int, cells []string) {
	r.records, r.rows = append(r.records, cells), append(r.rows, at)
}

// isHeader reports whether a row holds keys.
func isHeader(cells []string) bool {
	has := func(key string) bool { return slices.Contains(cells, key) }
	return has("id") && (has("group") && has("level") || has("scope") && has("metric"))
}

// plain refuses formulas, and reads TRUE and FALSE, which a spreadsheet makes of true and false, as the words they were.
func (r *reader) plain(at int, cells []string) []string {
	for column := range min(len(cells), rulecheck.MaxTableColumns) {
		name := rulecheck.CellName(at-1, column)
		if formula, err := r.book.GetCellFormula(r.sheet, name); err == nil && formula != "" {
			r.problems = append(r.problems, document.Problem{File: r.file, Path: r.sheet + "!" + name, Line: at, Code: "formula",
				ZH: "这里是公式 =" + formula + "；请改成文字", EN: "this is the formula =" + formula + "; write a text"})
		}
		if kind, err := r.book.GetCellType(r.sheet, name); err == nil && kind == excelize.CellTypeBool {
			cells[column] = map[string]string{"1": "true", "0": "false", "TRUE": "true", "FALSE": "false"}[cells[column]]
		}
	}
	return cells
}
