"""Translation engines, one module each, behind the port `TranslationEngine`."""
