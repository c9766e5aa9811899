"""The chart of accounts of the sample, with the summary category that decides each account's P&L line.

Source: Source side, "Accounts, lines and revenue codes"; Calculations, "Accounts".
"""

from cli.sample.chance import stream

_INTERNAL_REVENUE = {
    "4000": "Management revenue",
    "4100": "Parking services revenue",
    "4200": "Shuttle services revenue",
    "4785": "Company-collected deposits",
    "4790": "Revenue share or management fee",
    "4791": "Other and billable fees",
    "4792": "Further fee revenue",
    "4910": "Signing bonus",
}
_PAYROLL = {
    "6000": "Hourly wages",
    "6005": "Overtime wages",
    "6010": "Paid time off",
    "6014": "Meal premium",
    "6020": "Site manager salaries",
    "6030": "Shift differential",
    "6040": "Bonus and incentive",
    "6050": "Training wages",
    "6060": "Contract labor",
}
_PTEB = {"6200": "Payroll taxes", "6399": "Other employee benefits", "6500": "Health benefits"}
_CLAIMS = {
    "7099": "Claim recoveries",
    "7100": "Loss and damage claims",
    "7101": "Claims of prior periods",
    "7102": "Claims administration",
}
_INSURANCE = {"7080": "General liability insurance", "7082": "Vehicle insurance", "7085": "Workers' compensation"}
_OTHER_EXPENSE = {
    "7005": "Client operating expense",
    "7010": "Bank charges",
    "7016": "Client pass-through expense",
    "7020": "Credit card fees",
    "7025": "Background checks",
    "7030": "Training material",
    "7035": "Recruiting",
    "7040": "Drug screening",
    "7045": "Employee relations",
    "7050": "Equipment rental",
    "7055": "Freight and postage",
    "7060": "Software and licenses",
    "7065": "Permits and fees",
    "7070": "Mobile phones",
    "7075": "Fuel",
    "7090": "Internet and data lines",
    "7105": "Mileage",
    "7110": "Meals",
    "7113": "Office supplies",
    "7115": "Outside services",
    "7120": "Printing",
    "7125": "Cleaning",
    "7130": "Security services",
    "7140": "Snow removal",
    "7150": "Telephone",
    "7160": "Travel",
    "7165": "Tolls",
    "7175": "Repairs and maintenance",
    "7178": "Vehicle repairs",
    "7180": "Signage",
    "7185": "Supplies and equipment",
    "7190": "Radios",
    "7195": "Utilities",
    "7205": "Tickets and printed material",
    "7210": "Vehicle lease",
    "7220": "Uniforms",
    "7230": "Waste disposal",
    "7300": "Property tax",
    "7900": "Miscellaneous expense",
}
_STATISTICS = {
    "9411": "Revenue valet daily",
    "9412": "Revenue valet overnight",
    "9413": "Revenue valet monthly",
    "9414": "Revenue self daily",
    "9415": "Revenue self overnight",
    "9416": "Revenue self monthly",
    "9440": "Occupied rooms",
    "9510": "Vehicles valet daily",
    "9520": "Vehicles valet overnight",
    "9530": "Vehicles valet monthly",
    "9540": "Vehicles valet comps",
    "9550": "Vehicles self daily",
    "9560": "Vehicles self overnight",
    "9570": "Vehicles self monthly",
    "9580": "Vehicles self comps",
}

UNCATEGORISED_ACCOUNT = "8010"
"""An account without a category: a fault that the product must show and not hide."""

CHART: tuple[tuple[str, str, str | None], ...] = (
    *((number, name, "INTERNAL REVENUE") for number, name in _INTERNAL_REVENUE.items()),
    *((number, name, "PAYROLL") for number, name in _PAYROLL.items()),
    *((number, name, "PTEB") for number, name in _PTEB.items()),
    *((number, name, "CLAIMS") for number, name in _CLAIMS.items()),
    *((number, name, "INSURANCE") for number, name in _INSURANCE.items()),
    ("7170", "Parking rents", "PARKING RENTS"),
    *((number, name, "OTHER EXPENSE") for number, name in _OTHER_EXPENSE.items()),
    (UNCATEGORISED_ACCOUNT, "Clearing", None),
    ("9410", "External revenue", "EXTERNAL REVENUE"),
    *((number, name, "STATISTICS") for number, name in _STATISTICS.items()),
)
"""Account, name and summary category."""

ACCOUNT_NAMES = {number: name for number, name, _ in CHART}
"""Account to name."""

_COMMON_EXPENSES = {  # dollars a month
    "7020": 420,
    "7045": 130,
    "7050": 260,
    "7060": 310,
    "7113": 140,
    "7115": 520,
    "7150": 110,
    "7175": 380,
    "7185": 240,
    "7205": 190,
    "7220": 210,
}
_OCCASIONAL_EXPENSES = {
    "7005": 300,
    "7016": 450,
    "7025": 60,
    "7030": 80,
    "7035": 90,
    "7065": 120,
    "7070": 100,
    "7075": 640,
    "7090": 150,
    "7125": 330,
    "7130": 700,
    "7140": 400,
    "7160": 170,
    "7178": 360,
    "7180": 75,
    "7190": 95,
    "7195": 280,
    "7210": 820,
}


def monthly_expenses(number: int, seed: int) -> dict[str, int]:
    """Cents a month of each other-expense account of site `number`, at the prices of 2024."""
    chance = stream(seed, number, "expenses")
    dollars = _COMMON_EXPENSES | {account: d for account, d in _OCCASIONAL_EXPENSES.items() if chance.random() < 0.4}
    return {account: amount * (45 + chance.randrange(60)) for account, amount in sorted(dollars.items())}
