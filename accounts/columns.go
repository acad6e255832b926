package accounts

import (
	"strings"
	"unicode"

	"nightlatch.example/nightlatch/identity"
)

// The columns that an import understands. A person may come as one name, or as
// a given one and a family name.
const (
	columnLogin  = "login"
	columnEmail  = "email"
	columnName   = "name"
	columnRole   = "role"
	columnGroups = "groups"
	columnGiven  = "given"
	columnFamily = "family"
)

// headings are what columns are called in the files of other programs, in
// English, German, French, Spanish, Italian, Dutch and Portuguese, as plain
// letters. A family name alone is the name.
var headings = map[string][]string{
	columnLogin: {"login", "loginname", "username", "user", "userid", "account", "accountname", "uid",
		"anmeldename", "benutzername", "benutzer", "benutzerkennung", "kennung", "konto", "kontoname", "nutzername",
		"identifiant", "utilisateur", "nomdutilisateur", "usuario", "nombredeusuario", "utente", "nomeutente", "gebruiker", "gebruikersnaam", "usuário", "utilizador"},
	columnEmail: {"email", "mail", "emailaddress", "mailaddress", "emailadresse", "mailadresse", "useremail", "primaryemail",
		"courriel", "adresseemail", "adresseélectronique", "correo", "correoelectrónico", "correoelectronico", "emailadres", "indirizzoemail", "postaelettronica", "endereçodeemail"},
	columnName: {"name", "fullname", "displayname", "realname", "personname",
		"anzeigename", "vollername", "vollständigername", "personenname",
		"nomcomplet", "nombrecompleto", "nomecompleto", "naam", "volledigenaam"},
	columnRole:   {"role", "userrole", "rolle", "benutzerrolle", "rôle", "rol", "ruolo", "função", "papel"},
	columnGroups: {"groups", "group", "memberof", "gruppen", "gruppe", "groupes", "groupe", "grupos", "grupo", "gruppi", "gruppo", "groepen", "groep"},
	columnGiven:  {"firstname", "givenname", "forename", "vorname", "rufname", "prénom", "prenom", "nombre", "nome", "voornaam"},
	columnFamily: {"lastname", "surname", "familyname", "nachname", "familienname", "zuname", "nom", "nomdefamille", "apellido", "apellidos", "cognome", "sobrenome", "apelido", "achternaam"},
}

// roles are what roles are called in such files.
var roles = map[string]string{"": "user", "user": "user", "member": "user", "benutzer": "user", "nutzer": "user", "mitglied": "user",
	"utilisateur": "user", "utilisatrice": "user", "usuario": "user", "usuaria": "user", "usuário": "user", "utente": "user", "gebruiker": "user",
	"admin": "admin", "administrator": "admin", "administratorin": "admin", "administrateur": "admin", "administratrice": "admin",
	"administrador": "admin", "administradora": "admin", "amministratore": "admin", "amministratrice": "admin", "beheerder": "admin"}

// plain brings a heading to its letters and digits: "E-Mail" is "email".
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, identity.Fold(s))
}

// layout says where the fields of a line stand.
type layout struct {
	at      map[string]int
	width   int    // cells of a line at most
	unclear string // why nothing can be made of the lines; empty when it can
}

// noHeading is the layout of a file without a heading.
var noHeading = layout{at: map[string]int{columnLogin: 0, columnName: 1, columnRole: 2, columnEmail: 3}, width: 4}

// heading reads the first line of a file; ok is false when it is none. Columns
// that it does not know are not looked at.
func heading(record []string) (l layout, ok bool) {
	l = layout{at: map[string]int{}, width: len(record)}
	for i, cell := range record {
		if strings.ContainsRune(cell, '@') { // is a person's
			return layout{}, false
		}
		for column, names := range headings {
			for _, name := range names {
				if plain(cell) != name {
					continue
				}
				if _, twice := l.at[column]; twice {
					l.unclear = "Two columns of the first line are called " + column + "."
				}
				l.at[column] = i
			}
		}
	}
	at, login := l.at[columnLogin]
	_, email := l.at[columnEmail]
	switch {
	case len(l.at) == 0, len(l.at) == 1 && login && at > 0 && roles[plain(record[at])] != "": // a role, then
		return layout{}, false
	case !login && !email:
		l.unclear = "No column of the first line is called login or email."
	}
	return l, true
}

// titled says whether the first line of a file without a heading reads like one
// in another language: it names nobody's address, and every line after it does.
func titled(first []string, rest []sheetLine, separator rune) bool {
	for _, cell := range first {
		if strings.ContainsRune(cell, '@') {
			return false
		}
	}
	for _, l := range rest {
		if record, err := cells(l.text, separator); err != nil || len(record) == 0 || !strings.ContainsRune(record[0], '@') {
			return false
		}
	}
	return len(rest) > 0
}
