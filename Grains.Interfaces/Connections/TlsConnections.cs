using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orleans.Connections.Security;

namespace XLLM.Grains.Interfaces.Connections;

/// <summary><see cref="TlsSettings"/> in Orleans' words, for silos and clients alike.</summary>
public static class TlsConnections
{
    /// <summary>Reads the files that the settings name, and configures Orleans' encryption.</summary>
    /// <param name="tls">What Orleans asks to be configured: <c>UseTls(tls => tls.Apply(settings, section))</c>.</param>
    /// <param name="settings">Settings that are on and have no faults.</param>
    /// <param name="section">Where they were read from.</param>
    /// <exception cref="TlsSettingsException">A file cannot be read.</exception>
    public static void Apply(this TlsOptions tls, TlsSettings settings, string section)
    {
        ArgumentNullException.ThrowIfNull(tls);
        ArgumentNullException.ThrowIfNull(settings);
        var own = settings.Certificate.Length > 0 ? ReadCertificate(settings, section) : null;
        tls.LocalCertificate = own;
        tls.CheckCertificateRevocation = false;             // authorities of clusters seldom publish lists

        // Orleans has one setting for what a caller asks of a silo and a silo of a caller. A silo shows a certificate even so: TLS has no handshake without the server's.
        tls.RemoteCertificateMode = settings.RequireClientCertificate ? RemoteCertificateMode.RequireCertificate : RemoteCertificateMode.AllowCertificate;
        tls.ClientCertificateMode = own is null ? RemoteCertificateMode.NoCertificate : RemoteCertificateMode.RequireCertificate;
        var name = settings.TargetName.Length > 0 ? settings.TargetName : own?.GetNameInfo(X509NameType.DnsName, forIssuer: false);
        tls.OnAuthenticateAsClient = (connection, client) => client.TargetHost = name is { Length: > 0 } ? name : (connection.RemoteEndPoint as IPEndPoint)?.Address.ToString();
        if (ReadAuthorities(settings, section) is { } authorities)
        {
            tls.RemoteCertificateValidation = (certificate, _, errors) => IsTrusted(certificate, errors, authorities);
        }
    }

    /// <summary>Whether a certificate is signed by one of our authorities. Its name is checked by the caller's side; the system's opinion of the authority does not count.</summary>
    private static bool IsTrusted(X509Certificate2? certificate, SslPolicyErrors errors, X509Certificate2Collection authorities)
    {
        if (certificate is null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None)
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }

    private static X509Certificate2 ReadCertificate(TlsSettings settings, string section)
    {
        try
        {
            if (Path.GetExtension(settings.Certificate) is ".pfx" or ".p12")
            {
                return X509CertificateLoader.LoadPkcs12FromFile(settings.Certificate, settings.Password);
            }

            var key = settings.Key.Length > 0 ? settings.Key : settings.Certificate;
            return settings.Password.Length > 0
                ? X509Certificate2.CreateFromEncryptedPemFile(settings.Certificate, settings.Password, key)
                : X509Certificate2.CreateFromPemFile(settings.Certificate, key);
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new TlsSettingsException($"{section}:{nameof(TlsSettings.Certificate)} {settings.Certificate} cannot be read: {exception.Message}", exception);
        }
    }

    private static X509Certificate2Collection? ReadAuthorities(TlsSettings settings, string section)
    {
        if (settings.Authority.Length == 0)
        {
            return null;
        }

        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(settings.Authority);
            return authorities.Count > 0 ? authorities : throw new TlsSettingsException($"{section}:{nameof(TlsSettings.Authority)} {settings.Authority} has no certificate");
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new TlsSettingsException($"{section}:{nameof(TlsSettings.Authority)} {settings.Authority} cannot be read: {exception.Message}", exception);
        }
    }
}
