//! Xero's names of time zones beside the names of the tz database.
//!
//! Xero writes the Windows names in capitals and without spaces; which place stands for each is
//! what Unicode's CLDR (`windowsZones`, territory 001) says.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::time::Timestamp;

/// Xero's name, and the place whose clock it means.
const ZONES: [(&str, &str); 141] = [
    ("AFGHANISTANSTANDARDTIME", "Asia/Kabul"),
    ("ALASKANSTANDARDTIME", "America/Anchorage"),
    ("ALEUTIANSTANDARDTIME", "America/Adak"),
    ("ALTAISTANDARDTIME", "Asia/Barnaul"),
    ("ARABIANSTANDARDTIME", "Asia/Dubai"),
    ("ARABICSTANDARDTIME", "Asia/Baghdad"),
    ("ARABSTANDARDTIME", "Asia/Riyadh"),
    ("ARGENTINASTANDARDTIME", "America/Buenos_Aires"),
    ("ASTRAKHANSTANDARDTIME", "Europe/Astrakhan"),
    ("ATLANTICSTANDARDTIME", "America/Halifax"),
    ("AUSCENTRALSTANDARDTIME", "Australia/Darwin"),
    ("AUSCENTRALWSTANDARDTIME", "Australia/Eucla"),
    ("AUSEASTERNSTANDARDTIME", "Australia/Sydney"),
    ("AZERBAIJANSTANDARDTIME", "Asia/Baku"),
    ("AZORESSTANDARDTIME", "Atlantic/Azores"),
    ("BAHIASTANDARDTIME", "America/Bahia"),
    ("BANGLADESHSTANDARDTIME", "Asia/Dhaka"),
    ("BELARUSSTANDARDTIME", "Europe/Minsk"),
    ("BOUGAINVILLESTANDARDTIME", "Pacific/Bougainville"),
    ("CANADACENTRALSTANDARDTIME", "America/Regina"),
    ("CAPEVERDESTANDARDTIME", "Atlantic/Cape_Verde"),
    ("CAUCASUSSTANDARDTIME", "Asia/Yerevan"),
    ("CENAUSTRALIASTANDARDTIME", "Australia/Adelaide"),
    ("CENTRALAMERICASTANDARDTIME", "America/Guatemala"),
    ("CENTRALASIASTANDARDTIME", "Asia/Almaty"),
    ("CENTRALBRAZILIANSTANDARDTIME", "America/Cuiaba"),
    ("CENTRALEUROPEANSTANDARDTIME", "Europe/Warsaw"),
    ("CENTRALEUROPESTANDARDTIME", "Europe/Budapest"),
    ("CENTRALPACIFICSTANDARDTIME", "Pacific/Guadalcanal"),
    ("CENTRALSTANDARDTIME", "America/Chicago"),
    ("CENTRALSTANDARDTIME(MEXICO)", "America/Mexico_City"),
    ("CHATHAMISLANDSSTANDARDTIME", "Pacific/Chatham"),
    ("CHINASTANDARDTIME", "Asia/Shanghai"),
    ("CUBASTANDARDTIME", "America/Havana"),
    ("DATELINESTANDARDTIME", "Etc/GMT+12"),
    ("EAFRICASTANDARDTIME", "Africa/Nairobi"),
    ("EASTERISLANDSTANDARDTIME", "Pacific/Easter"),
    ("EASTERNSTANDARDTIME", "America/New_York"),
    ("EASTERNSTANDARDTIME(MEXICO)", "America/Cancun"),
    ("EAUSTRALIASTANDARDTIME", "Australia/Brisbane"),
    ("EEUROPESTANDARDTIME", "Europe/Chisinau"),
    ("EGYPTSTANDARDTIME", "Africa/Cairo"),
    ("EKATERINBURGSTANDARDTIME", "Asia/Yekaterinburg"),
    ("ESOUTHAMERICASTANDARDTIME", "America/Sao_Paulo"),
    ("FIJISTANDARDTIME", "Pacific/Fiji"),
    ("FLESTANDARDTIME", "Europe/Kiev"),
    ("GEORGIANSTANDARDTIME", "Asia/Tbilisi"),
    ("GMTSTANDARDTIME", "Europe/London"),
    ("GREENLANDSTANDARDTIME", "America/Godthab"),
    ("GREENWICHSTANDARDTIME", "Atlantic/Reykjavik"),
    ("GTBSTANDARDTIME", "Europe/Bucharest"),
    ("HAITISTANDARDTIME", "America/Port-au-Prince"),
    ("HAWAIIANSTANDARDTIME", "Pacific/Honolulu"),
    ("INDIASTANDARDTIME", "Asia/Kolkata"),
    ("IRANSTANDARDTIME", "Asia/Tehran"),
    ("ISRAELSTANDARDTIME", "Asia/Jerusalem"),
    ("JORDANSTANDARDTIME", "Asia/Amman"),
    ("KALININGRADSTANDARDTIME", "Europe/Kaliningrad"),
    ("KAMCHATKASTANDARDTIME", "Asia/Kamchatka"),
    ("KOREASTANDARDTIME", "Asia/Seoul"),
    ("LIBYASTANDARDTIME", "Africa/Tripoli"),
    ("LINEISLANDSSTANDARDTIME", "Pacific/Kiritimati"),
    ("LORDHOWESTANDARDTIME", "Australia/Lord_Howe"),
    ("MAGADANSTANDARDTIME", "Asia/Magadan"),
    ("MAGALLANESSTANDARDTIME", "America/Punta_Arenas"),
    ("MARQUESASSTANDARDTIME", "Pacific/Marquesas"),
    ("MAURITIUSSTANDARDTIME", "Indian/Mauritius"),
    ("MIDATLANTICSTANDARDTIME", "Atlantic/South_Georgia"),
    ("MIDDLEEASTSTANDARDTIME", "Asia/Beirut"),
    ("MONTEVIDEOSTANDARDTIME", "America/Montevideo"),
    ("MOROCCOSTANDARDTIME", "Africa/Casablanca"),
    ("MOUNTAINSTANDARDTIME", "America/Denver"),
    ("MOUNTAINSTANDARDTIME(MEXICO)", "America/Chihuahua"),
    ("MYANMARSTANDARDTIME", "Asia/Yangon"),
    ("NAMIBIASTANDARDTIME", "Africa/Windhoek"),
    ("NCENTRALASIASTANDARDTIME", "Asia/Novosibirsk"),
    ("NEPALSTANDARDTIME", "Asia/Kathmandu"),
    ("NEWFOUNDLANDSTANDARDTIME", "America/St_Johns"),
    ("NEWZEALANDSTANDARDTIME", "Pacific/Auckland"),
    ("NORFOLKSTANDARDTIME", "Pacific/Norfolk"),
    ("NORTHASIAEASTSTANDARDTIME", "Asia/Irkutsk"),
    ("NORTHASIASTANDARDTIME", "Asia/Krasnoyarsk"),
    ("NORTHKOREASTANDARDTIME", "Asia/Pyongyang"),
    ("OMSKSTANDARDTIME", "Asia/Omsk"),
    ("PACIFICSASTANDARDTIME", "America/Santiago"),
    ("PACIFICSTANDARDTIME", "America/Los_Angeles"),
    ("PACIFICSTANDARDTIME(MEXICO)", "America/Tijuana"),
    ("PAKISTANSTANDARDTIME", "Asia/Karachi"),
    ("PARAGUAYSTANDARDTIME", "America/Asuncion"),
    ("QYZYLORDASTANDARDTIME", "Asia/Qyzylorda"),
    ("ROMANCESTANDARDTIME", "Europe/Paris"),
    ("RUSSIANSTANDARDTIME", "Europe/Moscow"),
    ("RUSSIATIMEZONE10", "Asia/Srednekolymsk"),
    ("RUSSIATIMEZONE11", "Asia/Kamchatka"),
    ("RUSSIATIMEZONE3", "Europe/Samara"),
    ("SAEASTERNSTANDARDTIME", "America/Cayenne"),
    ("SAINTPIERRESTANDARDTIME", "America/Miquelon"),
    ("SAKHALINSTANDARDTIME", "Asia/Sakhalin"),
    ("SAMOASTANDARDTIME", "Pacific/Apia"),
    ("SAOTOMESTANDARDTIME", "Africa/Sao_Tome"),
    ("SAPACIFICSTANDARDTIME", "America/Bogota"),
    ("SARATOVSTANDARDTIME", "Europe/Saratov"),
    ("SAWESTERNSTANDARDTIME", "America/La_Paz"),
    ("SEASIASTANDARDTIME", "Asia/Bangkok"),
    ("SINGAPORESTANDARDTIME", "Asia/Singapore"),
    ("SOUTHAFRICASTANDARDTIME", "Africa/Johannesburg"),
    ("SOUTHSUDANSTANDARDTIME", "Africa/Juba"),
    ("SRILANKASTANDARDTIME", "Asia/Colombo"),
    ("SUDANSTANDARDTIME", "Africa/Khartoum"),
    ("SYRIASTANDARDTIME", "Asia/Damascus"),
    ("TAIPEISTANDARDTIME", "Asia/Taipei"),
    ("TASMANIASTANDARDTIME", "Australia/Hobart"),
    ("TOCANTINSSTANDARDTIME", "America/Araguaina"),
    ("TOKYOSTANDARDTIME", "Asia/Tokyo"),
    ("TOMSKSTANDARDTIME", "Asia/Tomsk"),
    ("TONGASTANDARDTIME", "Pacific/Tongatapu"),
    ("TRANSBAIKALSTANDARDTIME", "Asia/Chita"),
    ("TURKEYSTANDARDTIME", "Europe/Istanbul"),
    ("TURKSANDCAICOSSTANDARDTIME", "America/Grand_Turk"),
    ("ULAANBAATARSTANDARDTIME", "Asia/Ulaanbaatar"),
    ("USEASTERNSTANDARDTIME", "America/Indiana/Indianapolis"),
    ("USMOUNTAINSTANDARDTIME", "America/Phoenix"),
    ("UTC", "UTC"),
    ("UTC+12", "Etc/GMT-12"),
    ("UTC+13", "Etc/GMT-13"),
    ("UTC02", "Etc/GMT+2"),
    ("UTC08", "Etc/GMT+8"),
    ("UTC09", "Etc/GMT+9"),
    ("UTC11", "Etc/GMT+11"),
    ("VENEZUELASTANDARDTIME", "America/Caracas"),
    ("VLADIVOSTOKSTANDARDTIME", "Asia/Vladivostok"),
    ("VOLGOGRADSTANDARDTIME", "Europe/Volgograd"),
    ("WAUSTRALIASTANDARDTIME", "Australia/Perth"),
    ("WCENTRALAFRICASTANDARDTIME", "Africa/Lagos"),
    ("WESTASIASTANDARDTIME", "Asia/Tashkent"),
    ("WESTBANKSTANDARDTIME", "Asia/Hebron"),
    ("WESTPACIFICSTANDARDTIME", "Pacific/Port_Moresby"),
    ("WEUROPESTANDARDTIME", "Europe/Berlin"),
    ("WMONGOLIASTANDARDTIME", "Asia/Hovd"),
    ("YAKUTSKSTANDARDTIME", "Asia/Yakutsk"),
    ("YUKONSTANDARDTIME", "America/Whitehorse"),
];

/// The zone of a name that Xero gives; the name of the tz database is understood too.
#[must_use]
pub fn zone(name: &str) -> Option<Tz> {
    let place = ZONES
        .iter()
        .find(|(known, _)| *known == name)
        .map_or(name, |(_, place)| place);
    place.parse().ok()
}

/// The date in a zone; where it is not known, the date of UTC.
#[must_use]
pub fn date_in(name: &str, at: Timestamp) -> NaiveDate {
    let zone = zone(name).unwrap_or(Tz::UTC);
    at.to_utc().with_timezone(&zone).date_naive()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_means_a_place_that_exists() {
        for (name, place) in ZONES {
            let found = zone(name);
            assert!(found.is_some(), "{name} means {place}");
        }
        assert_eq!(zone("NEWZEALANDSTANDARDTIME"), Some(Tz::Pacific__Auckland));
        assert_eq!(zone("Europe/London"), Some(Tz::Europe__London));
        assert_eq!(zone("NOWHERE"), None);
        assert_eq!(zone(""), None);
    }

    /// Xero's own description of its API lies beside the repository, or where the variable says.
    #[test]
    fn every_name_of_xero_s_own_description_is_known() {
        let beside = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../shared/xero/openapi/xero_accounting.yaml"
        );
        let shared =
            std::env::var("COUNTERFOIL_SHARED").map(|folder| format!("{folder}/xero/openapi/xero_accounting.yaml"));
        let named = shared.unwrap_or_else(|_unset| beside.to_owned());
        let Ok(text) = std::fs::read_to_string(&named) else {
            eprintln!("skipped: {named} is not there");
            return;
        };
        let mut names = 0;
        let list = text.lines().skip_while(|line| line.trim() != "TimeZone:");
        let members = list.skip_while(|line| line.trim() != "enum:").skip(1);
        for line in members.take_while(|line| line.trim_start().starts_with("- ")) {
            let name = line.trim().trim_start_matches("- ").trim_matches(['"', '\'']);
            assert!(zone(name).is_some(), "{name} is not known");
            names += 1;
        }
        assert!(names > 100, "{names} names were found in {named}");
    }
}
