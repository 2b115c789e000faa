"""Names that teams have for the transaction's fields, in several languages."""

import re
import unicodedata

ROLE_NAMES: dict[str, str] = {
    "transaction_id": (
        "transaction_id tx_id txn_id trans_id trx_id tx_ref txref payment_id payment_ref reference ref uuid id "
        "trans_num transaction_no order_id transaktion transaktions_id buchungs_nr vorgangs_nr id_transaction "
        "id_operacion id_transaccion numero_operacion id_transazione id_transacao"
    ),
    "customer_id": (
        "customer_id customer cust cust_id client_id client card_id card_token pan_token card_hash card card_no "
        "card_number cc_num pan account_id account user_id user cardholder holder payer debtor name_orig iban "
        "kunde kunden_nr karte karten_nr konto konto_nr carte numero_carte compte tarjeta cliente cuenta carta "
        "conto cartao conta"
    ),
    "merchant_id": (
        "merchant_id merchant mid shop shop_id store store_id payee seller seller_id vendor vendor_id acceptor "
        "beneficiary recipient creditor counterparty name_dest haendler handler laden empfaenger marchand "
        "commercant commerce comercio tienda esercente negozio estabelecimento loja"
    ),
    "merchant_category": (
        "mcc merchant_category category_code merchant_type category kind_of_shop kind branche kategorie secteur "
        "categorie rubro categoria settore setor"
    ),
    "transaction_type": (
        "transaction_type tx_type txn_type trans_type payment_type type channel kanal canal canale payment_method "
        "method entry_mode zahlungsart art tipo tipo_operacion mode_paiement"
    ),
    "amount_minor": (
        "amount amt amount_minor amount_cents transaction_amount tx_amount value transaction_value sum total price "
        "betrag umsatz summe montant somme importe monto cantidad importo valor quantia"
    ),
    "currency": ("currency currency_code ccy cur curr waehrung wahrung devise monnaie moneda divisa valuta moeda"),
    "device_id": (
        "device_id device terminal_id terminal fingerprint device_fingerprint imei geraet appareil dispositivo"
    ),
    "latitude": ("latitude lat merch_lat merchant_lat geo_lat breitengrad latitud latitudine"),
    "longitude": ("longitude lon lng long merch_long merchant_long geo_lon laengengrad longitud longitudine"),
    "event_time": (
        "event_time timestamp ts datetime date_time transaction_time transaction_date tx_datetime tx_time "
        "trans_date_trans_time paid_at created_at occurred_at booked_at purchase_time time date unix_time "
        "zeitpunkt datum buchungsdatum zeitstempel date_operation date_transaction horodatage fecha fecha_hora "
        "data_ora data data_hora"
    ),
    "is_fraud": (
        "is_fraud isfraud fraud fraud_flag tx_fraud fraudulent label class target is_chargeback chargeback betrug "
        "fraude es_fraude est_fraude frode e_fraude"
    ),
    "label_time": (
        "label_time label_date reported_at reported chargeback_date chargeback_at fraud_date fraud_reported_at "
        "confirmed_at resolved_at decided_at dispute_date rueckbuchung ruckbuchung rueckbuchung_am ruckbuchung_am "
        "gemeldet_am date_signalement fecha_reporte data_segnalazione"
    ),
}
"""Names by field, most telling first."""

CODES = re.compile(r"(?:^|_)(?:id|code|no|nr|num|number|zip|plz|postal|bin|mcc|phone|hash|ip|ref|iban|key)(?:_|$)")
"""Names of columns whose digits are no quantities."""

_PREFIX = 5


def plain_name(name: str) -> str:
    """Return a name in lower case with underscores between its words, without accents."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name.replace("ß", "ss"))
    bare = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", bare).strip("_")


def name_score(role: str, name: str) -> float:
    """Return how well a column's name fits a field: 1 for one of its names, 0 for none in it."""
    plain = plain_name(name)
    words = plain.split("_")
    best = 0.0
    for position, known in enumerate(ROLE_NAMES[role].split()):
        if plain == known or plain.replace("_", "") == known.replace("_", ""):
            best = max(best, 1 - position / 200)
        elif f"_{known}_" in f"_{plain}_":
            best = max(best, 0.5 + 0.4 * (known.count("_") + 1) / len(words))
        elif len(known) >= _PREFIX and any(word.startswith(known) for word in words):
            best = max(best, 0.5)
    return best
