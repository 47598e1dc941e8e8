// Sends the browser on without a click, as the gateway does; the button stays for when it cannot.
document.querySelector("form[data-return]").submit();
