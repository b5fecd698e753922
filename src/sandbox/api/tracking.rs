//! `/TrackingCategories`, and tracking on lines.
//!
//! Assumptions: the texts of all refusals, that an unknown category or option refuses the line,
//! and that a category or option in use cannot be deleted.

use uuid::Uuid;

use super::call::Call;
use super::envelope::{self, Element, Wording};
use crate::sandbox::books::{Books, Registers, Tracked, TrackingCategory, TrackingOption, TrackingStatus};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::wire::{Answer, Json, Writer};

const WORDING: Wording = Wording {
    collection: "TrackingCategories",
    id_key: "TrackingCategoryID",
    error_flag: "",
};

const OPTIONS: Wording = Wording {
    collection: "Options",
    id_key: "TrackingOptionID",
    error_flag: "HasValidationErrors",
};

/// More are refused.
const ACTIVE_MAX: usize = 2;
/// Longer names are refused.
const NAME_CHARS_MAX: usize = 100;

/// `GET /TrackingCategories`
pub fn list(call: &mut Call<'_>) -> Answer {
    let mut request = match call.page_request::<TrackingCategory>(false) {
        Ok(request) => request,
        Err(refused) => return refused,
    };
    request.page = None;
    let archived = call.params.flag("includeArchived").unwrap_or(false);
    envelope::list(call, WORDING.collection, None, |items, call| {
        let shown = call
            .books
            .registers
            .tracking
            .iter()
            .filter(|category| match category.status {
                TrackingStatus::Active => true,
                TrackingStatus::Archived => archived,
                TrackingStatus::Deleted => false,
            });
        for category in request.chosen(shown, call.books) {
            items.object(|row| write_category(row, category));
        }
    })
}

/// `GET /TrackingCategories/{id}`
pub fn one(call: &mut Call<'_>, id: &str) -> Answer {
    match find(call.books, id) {
        Some(at) => show(call, at),
        None => envelope::not_found(),
    }
}

/// `PUT /TrackingCategories`
pub fn create(call: &mut Call<'_>) -> Answer {
    let elements = match call.elements(WORDING.collection) {
        Ok(elements) => elements,
        Err(refused) => return refused,
    };
    let mut results = Vec::with_capacity(elements.len());
    for element in elements {
        let category = TrackingCategory {
            id: new_id(call.rng),
            name: element.text("Name").unwrap_or_default().trim().to_owned(),
            status: TrackingStatus::Active,
            options: Vec::new(),
        };
        let errors = refusals(&call.books.registers, &category);
        results.push(if errors.is_empty() {
            let id = category.id;
            call.books.registers.tracking.push(category);
            Element::Saved(id, Vec::new())
        } else {
            Element::Refused(element, errors)
        });
    }
    answer(call, &results)
}

/// `POST /TrackingCategories/{id}`: another name or status.
pub fn update(call: &mut Call<'_>, id: &str) -> Answer {
    let Some(category) = find(call.books, id).and_then(|at| call.books.registers.tracking.get(at)) else {
        return envelope::not_found();
    };
    let mut category = category.clone();
    let mut elements = match call.elements(WORDING.collection) {
        Ok(elements) => elements,
        Err(refused) => return refused,
    };
    elements.truncate(1);
    let mut results = Vec::with_capacity(1);
    for element in elements {
        let mut errors = Vec::new();
        if let Some(name) = element.text("Name") {
            category.name = name.trim().to_owned();
        }
        change_status(&element, &mut category.status, &mut errors);
        errors.extend(refusals(&call.books.registers, &category));
        results.push(if errors.is_empty() {
            let id = category.id;
            replace(call.books, category.clone());
            Element::Saved(id, Vec::new())
        } else {
            Element::Refused(envelope::named(element, WORDING, Some(category.id)), errors)
        });
    }
    answer(call, &results)
}

/// `DELETE /TrackingCategories/{id}`
pub fn delete(call: &mut Call<'_>, id: &str) -> Answer {
    let Some(at) = find(call.books, id) else {
        return envelope::not_found();
    };
    let used = in_use(call.books, |tracked, registers| {
        registers
            .tracking
            .get(at)
            .is_some_and(|category| category.id == tracked.category)
    });
    if used {
        return refused(WORDING, id, "The tracking category is in use and cannot be deleted");
    }
    if let Some(category) = call.books.registers.tracking.get_mut(at) {
        category.status = TrackingStatus::Deleted;
    }
    show(call, at)
}

/// `PUT /TrackingCategories/{id}/Options`, and `POST …/Options/{option}` with `known`.
pub fn write_option(call: &mut Call<'_>, id: &str, known: Option<&str>) -> Answer {
    let Some(at) = find(call.books, id) else {
        return envelope::not_found();
    };
    let old = match known.map(|known| find_option(call.books, at, known)) {
        None => None,
        Some(Some(option)) => Some(option),
        Some(None) => return envelope::not_found(),
    };
    let elements = match call.elements(OPTIONS.collection) {
        Ok(elements) => elements,
        Err(refused) => return refused,
    };
    let mut results = Vec::with_capacity(elements.len());
    for element in elements {
        let mut option = old.clone().unwrap_or_else(|| TrackingOption {
            id: new_id(call.rng),
            name: String::new(),
            status: TrackingStatus::Active,
        });
        let mut errors = Vec::new();
        if let Some(name) = element.text("Name") {
            option.name = name.trim().to_owned();
        }
        change_status(&element, &mut option.status, &mut errors);
        let taken = call.books.registers.tracking.get(at).is_some_and(|category| {
            let twin = |other: &TrackingOption| {
                other.id != option.id
                    && other.status != TrackingStatus::Deleted
                    && other.name.eq_ignore_ascii_case(&option.name)
            };
            category.options.iter().any(twin)
        });
        name_refusals(&option.name, taken, "tracking option", &mut errors);
        if !errors.is_empty() {
            let known = old.as_ref().map(|old| old.id);
            results.push(Element::Refused(envelope::named(element, OPTIONS, known), errors));
            continue;
        }
        if let Some(category) = call.books.registers.tracking.get_mut(at) {
            match category.options.iter_mut().find(|other| other.id == option.id) {
                Some(other) => *other = option.clone(),
                None => category.options.push(option.clone()),
            }
        }
        results.push(Element::Saved(option, Vec::new()));
    }
    envelope::written(call, OPTIONS, &results, |row, _, option| write_option_row(row, option))
}

/// `DELETE /TrackingCategories/{id}/Options/{option}`
pub fn delete_option(call: &mut Call<'_>, id: &str, option: &str) -> Answer {
    let Some(at) = find(call.books, id) else {
        return envelope::not_found();
    };
    let Some(mut option) = find_option(call.books, at, option) else {
        return envelope::not_found();
    };
    if in_use(call.books, |tracked, _| tracked.option == option.id) {
        let id = option.id.to_string();
        return refused(OPTIONS, &id, "The tracking option is in use and cannot be deleted");
    }
    option.status = TrackingStatus::Deleted;
    if let Some(category) = call.books.registers.tracking.get_mut(at) {
        let mine = category.options.iter_mut().find(|other| other.id == option.id);
        mine.into_iter()
            .for_each(|other| other.status = TrackingStatus::Deleted);
    }
    envelope::list(call, OPTIONS.collection, None, |items, _| {
        items.object(|row| write_option_row(row, &option));
    })
}

/// What lines are tracked under, by ids or by names in any letter case.
pub fn resolve(sent: &[Json], registers: &Registers, errors: &mut Vec<String>) -> Vec<Tracked> {
    if sent.len() > ACTIVE_MAX {
        errors.push("A line can be tracked under two categories at most".to_owned());
    }
    sent.iter()
        .filter_map(|entry| resolve_one(entry, registers, errors))
        .collect()
}

/// Tracking of one line. Lists lack the option's id and carry an empty list of options instead.
pub fn write_lines(row: &mut Writer, lines: &[Tracked], registers: &Registers, listed: bool) {
    row.list("Tracking", |items| {
        for (category, option) in lines.iter().filter_map(|tracked| tracked.found(registers)) {
            items.object(|entry| {
                entry.text("Name", &category.name);
                entry.text("Option", &option.name);
                entry.id("TrackingCategoryID", category.id);
                if listed {
                    entry.empty_list("Options");
                } else {
                    entry.id("TrackingOptionID", option.id);
                }
            });
        }
    });
}

fn resolve_one(entry: &Json, registers: &Registers, errors: &mut Vec<String>) -> Option<Tracked> {
    let id = |key: &str| entry.text(key).and_then(|id| Uuid::parse_str(id).ok());
    let (category_id, option_id) = (id("TrackingCategoryID"), id("TrackingOptionID"));
    let (name, option) = (entry.text("Name"), entry.text("Option"));
    let usable = |category: &&TrackingCategory| match (category_id, name) {
        (Some(id), _) => category.id == id,
        (None, Some(name)) => category.name.eq_ignore_ascii_case(name.trim()),
        (None, None) => category.options.iter().any(|option| Some(option.id) == option_id),
    };
    let active = registers
        .tracking
        .iter()
        .filter(|category| category.status == TrackingStatus::Active);
    let Some(category) = active.clone().find(usable) else {
        let shown = name.map(str::to_owned).or_else(|| category_id.map(|id| id.to_string()));
        errors.push(format!(
            "The tracking category '{}' could not be found",
            shown.unwrap_or_default()
        ));
        return None;
    };
    let wanted = |candidate: &&TrackingOption| match (option_id, option) {
        (Some(id), _) => candidate.id == id,
        (None, Some(option)) => candidate.name.eq_ignore_ascii_case(option.trim()),
        (None, None) => false,
    };
    let mut options = category
        .options
        .iter()
        .filter(|option| option.status == TrackingStatus::Active);
    let Some(found) = options.find(wanted) else {
        let shown = option.map(str::to_owned).or_else(|| option_id.map(|id| id.to_string()));
        errors.push(format!(
            "The tracking option '{}' could not be found",
            shown.unwrap_or_default()
        ));
        return None;
    };
    Some(Tracked {
        category: category.id,
        option: found.id,
    })
}

fn refusals(registers: &Registers, category: &TrackingCategory) -> Vec<String> {
    let mut errors = Vec::new();
    let others = || {
        let kept = |other: &&TrackingCategory| other.id != category.id && other.status != TrackingStatus::Deleted;
        registers.tracking.iter().filter(kept)
    };
    let taken = others().any(|other| other.name.eq_ignore_ascii_case(&category.name));
    name_refusals(&category.name, taken, "tracking category", &mut errors);
    let active = others().filter(|other| other.status == TrackingStatus::Active).count();
    if category.status == TrackingStatus::Active && active >= ACTIVE_MAX {
        errors.push("There can be two active tracking categories at most".to_owned());
    }
    errors
}

fn name_refusals(name: &str, taken: bool, what: &str, errors: &mut Vec<String>) {
    if name.is_empty() {
        errors.push(format!("The {what} name must be specified"));
    }
    if name.chars().count() > NAME_CHARS_MAX {
        errors.push(format!("The {what} name cannot exceed {NAME_CHARS_MAX} characters"));
    }
    if taken {
        errors.push(format!("The {what} name must be unique"));
    }
}

fn change_status(element: &Json, status: &mut TrackingStatus, errors: &mut Vec<String>) {
    let Some(text) = element.text("Status") else { return };
    match TrackingStatus::parse(text) {
        Some(wanted) if *status != TrackingStatus::Deleted => *status = wanted,
        _ => errors.push(format!("The status '{text}' is not valid")),
    }
}

fn in_use(books: &Books, mine: impl Fn(&Tracked, &Registers) -> bool) -> bool {
    let registers = &books.registers;
    let on_invoices = books.invoices().iter().flat_map(|invoice| &invoice.lines);
    let on_journals = registers.journals.iter().flat_map(|journal| &journal.lines);
    on_invoices
        .flat_map(|line| &line.tracking)
        .chain(on_journals.flat_map(|line| &line.tracking))
        .any(|tracked| mine(tracked, registers))
}

fn refused(wording: Wording, id: &str, message: &str) -> Answer {
    let echo = Json::Map(vec![(wording.id_key.to_owned(), Json::Text(id.to_owned()))]);
    let messages = [message.to_owned()];
    envelope::validation_refused(wording, std::iter::once((&echo, messages.as_slice())))
}

fn replace(books: &mut Books, category: TrackingCategory) {
    let mine = books
        .registers
        .tracking
        .iter_mut()
        .find(|other| other.id == category.id);
    if let Some(other) = mine {
        *other = category;
    }
}

fn find(books: &Books, id: &str) -> Option<usize> {
    let id = Uuid::parse_str(id).ok()?;
    books.registers.tracking.iter().position(|category| category.id == id)
}

fn find_option(books: &Books, category: usize, id: &str) -> Option<TrackingOption> {
    let id = Uuid::parse_str(id).ok()?;
    let category = books.registers.tracking.get(category)?;
    category.options.iter().find(|option| option.id == id).cloned()
}

fn answer(call: &mut Call<'_>, results: &[Element<Uuid>]) -> Answer {
    envelope::written(call, WORDING, results, |row, call, id| {
        let found = call.books.registers.tracking.iter().find(|category| category.id == *id);
        if let Some(category) = found {
            write_category(row, category);
        }
    })
}

fn show(call: &mut Call<'_>, at: usize) -> Answer {
    envelope::list(call, WORDING.collection, None, |items, call| {
        if let Some(category) = call.books.registers.tracking.get(at) {
            items.object(|row| write_category(row, category));
        }
    })
}

fn write_category(row: &mut Writer, category: &TrackingCategory) {
    row.text("Name", &category.name);
    row.text("Status", category.status.text());
    row.id("TrackingCategoryID", category.id);
    row.list("Options", |items| {
        let kept = |option: &&TrackingOption| option.status != TrackingStatus::Deleted;
        for option in category.options.iter().filter(kept) {
            items.object(|row| write_option_row(row, option));
        }
    });
}

fn write_option_row(row: &mut Writer, option: &TrackingOption) {
    row.id("TrackingOptionID", option.id);
    row.text("Name", &option.name);
    row.text("Status", option.status.text());
    row.flag("HasValidationErrors", false);
    row.flag("IsDeleted", option.status == TrackingStatus::Deleted);
    row.flag("IsArchived", option.status == TrackingStatus::Archived);
    row.flag("IsActive", option.status == TrackingStatus::Active);
}
