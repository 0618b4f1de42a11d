import '../../ui/theme.css'
import './consent.css'
import { render } from 'preact'
import { speak, t } from '../../ui/text.ts'
import { Consent } from './consent.tsx'

speak(`${t('consent_title')} · Deskbell`)
const asked = new URLSearchParams(location.search).get('id')
const root = document.getElementById('root')
if (root) render(<Consent first={asked} />, root)
