// The bundled decoder (vendor/NOTICE.md): a megabyte that only those load who scan with a camera without a reader of its own.

